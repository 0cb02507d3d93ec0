"""What a completion that asks for the next jobs is not given, and what it is told all the same."""

from typing import Any

import psycopg
import pytest

from shared.core import Core
from tests.support.api import Tenant

both = pytest.mark.parametrize("is_batch", [False, True], ids=["one", "batch"])


async def complete(org: Tenant, job: dict[str, Any], queue: str, *, is_batch: bool) -> list[Any]:
    """Complete a job, which succeeds; the jobs that came with it."""
    hold, following = {"lease_id": job["lease_id"]}, {"claim_next": {"queue": queue}}
    if is_batch:
        answer = await org.post("/jobs/complete", {"jobs": [hold | {"id": job["id"]}], **following})
        assert answer["results"][0]["success"]
    else:
        answer = await org.post(f"/jobs/{job['id']}/complete", hold | following)
        assert answer["status"] == "completed"
    return list(answer["next"])


@both
async def test_a_key_has_no_jobs_of_another_queue(org: Tenant, is_batch: bool) -> None:  # noqa: FBT001
    """A key that is held to one queue completes there, and is given nothing of any other."""
    await org.push("mine")
    secret = await org.push("secret")
    held = await org.with_key(queues=["mine"])
    job = await held.dequeue("mine")

    assert await complete(held, job, "secret", is_batch=is_batch) == []
    assert (await org.job(secret["id"]))["status"] == "pending"


@both
async def test_a_paused_queue_gives_nothing(org: Tenant, is_batch: bool) -> None:  # noqa: FBT001
    """What is held may be completed, and no next job comes."""
    await org.push()
    waiting = await org.push()
    job = await org.dequeue()
    await org.post("/queues/emails/pause")

    assert await complete(org, job, "emails", is_batch=is_batch) == []
    assert (await org.job(waiting["id"]))["status"] == "pending"


@both
@pytest.mark.parametrize("trouble", [psycopg.OperationalError, psycopg.errors.InternalError_])
async def test_trouble_after_the_completion_takes_nothing_back(
    org: Tenant,
    core: Core,
    monkeypatch: pytest.MonkeyPatch,
    trouble: type[psycopg.Error],
    is_batch: bool,  # noqa: FBT001
) -> None:
    """Once it is committed the worker hears so, whatever becomes of the look for the next job."""
    await org.push()
    job = await org.dequeue()
    run, asked = core.store._round_trip, []

    async def cut_off(*given: Any, **how: Any) -> Any:
        asked.append([statement.query.name for statement in given[2]])
        if "next_look" in asked[-1]:
            raise trouble("the line broke")
        return await run(*given, **how)

    monkeypatch.setattr(core.store, "_round_trip", cut_off)

    assert await complete(org, job, "emails", is_batch=is_batch) == []
    assert asked[-1] == ["next_look"]
    monkeypatch.undo()
    assert (await org.job(job["id"]))["status"] == "completed"


async def test_a_repeated_completion_takes_nothing(org: Tenant) -> None:
    """A completion that came twice is 409 the second time, and costs no job that waits."""
    await org.push()
    job = await org.dequeue()
    body = {"lease_id": job["lease_id"], "claim_next": {"queue": "emails"}}
    await org.post(f"/jobs/{job['id']}/complete", body)
    waiting = await org.push()

    refused = await org.post(f"/jobs/{job['id']}/complete", body, 409)

    assert "already completed" in refused["message"]
    assert (await org.job(waiting["id"]))["status"] == "pending"
