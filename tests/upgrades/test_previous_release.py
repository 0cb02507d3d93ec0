"""While an upgrade goes on, the release before it serves on the new schema, beside the new one."""

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import product

import pytest

from shared.edge.opening import open_core
from shared.settings import Settings
from shared.store.migrate import known_migrations
from tests.support.api import Api, Tenant, api_of
from tests.support.contract_world import World
from tests.support.previous import migration_names

BEFORE, NOW = "before", "now"


@pytest.fixture
async def now(settings: Settings, own_url: str) -> AsyncIterator[Api]:
    """The API of now, on the same database."""
    core = await open_core(settings.model_copy(update={"database_url": own_url, "redis_url": "none"}))
    async with api_of(core) as api:
        yield api
    await core.close()


@pytest.fixture
async def org(before: Api, now: Api) -> dict[str, Tenant]:
    """One organization, as each release serves it."""
    made = await before.new_tenant()
    return {BEFORE: made, NOW: replace(made, client=now.client)}


def test_there_is_something_to_upgrade() -> None:
    """What the kept release knows has run here, and migrations have come since."""
    assert migration_names() < set(known_migrations())


async def test_the_release_before_makes_one_of_everything(before: Api) -> None:
    """Jobs of every state, schedules, workflows, webhooks, workers, keys and people: on the schema of now."""
    world = await World.of(await before.new_tenant())

    assert {"dead", "done", "running", "schedule", "worker", "user"} <= set(world.names)


async def test_what_one_release_begins_the_other_ends(org: dict[str, Tenant]) -> None:
    """Pushed, claimed, kept alive, failed, retried and completed, each by either release."""
    for pushes, claims, ends in product((BEFORE, NOW), repeat=3):
        job = await org[pushes].push("mixed", idempotency_key=f"{pushes}-{claims}-{ends}")
        again = await org[claims].push("mixed", 200, idempotency_key=f"{pushes}-{claims}-{ends}")
        assert again["id"] == job["id"]
        taken = await org[claims].dequeue("mixed")
        await org[ends].post(
            f"/jobs/{job['id']}/heartbeat", {"worker_id": "w1", "lease_id": taken["lease_id"]}
        )
        await org[ends].post(f"/jobs/{job['id']}/fail", {"error": "broken", "no_retry": True})
        await org[pushes].post("/jobs/dlq/retry", {"job_ids": [job["id"]]})
        taken = await org[ends].dequeue("mixed")
        await org[claims].post(f"/jobs/{job['id']}/complete", {"result": {"by": claims}})

        seen = [await org[release].job(job["id"]) for release in (BEFORE, NOW)]
        assert {one["status"] for one in seen} == {"completed"}
        assert [one["result"] for one in seen] == [{"by": claims}] * 2


async def test_workflows_go_on_over_both_releases(org: dict[str, Tenant]) -> None:
    """A step that one release completes lets the next one go, whichever made the graph."""
    steps = [
        {"key": "a", "queue_name": "steps", "payload": {}},
        {"key": "b", "queue_name": "steps", "payload": {}, "depends_on": ["a"]},
    ]
    for makes, works in product((BEFORE, NOW), repeat=2):
        made = await org[makes].post("/workflows", {"name": "w", "jobs": steps}, 201)
        for release in (works, makes):
            job = await org[release].dequeue("steps")
            await org[release].post(f"/jobs/{job['id']}/complete", {"result": {}})

        assert (await org[works].get(f"/workflows/{made['workflow_id']}"))["status"] == "completed"
