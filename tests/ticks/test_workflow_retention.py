"""Retention of workflows: they and their dependencies go after their jobs."""

import uuid

import psycopg
import pytest

from functions.ticks.retention import run_once
from shared.core import Core
from shared.settings import Settings
from tests.support.api import Tenant
from tests.support.clock import MovingClock
from tests.support.servers import Servers
from tests.support.steps import complete, made, step, take

BUDGET = 30.0


@pytest.fixture
def settings(servers: Servers, redis_url: str) -> Settings:
    """A database of each test's own, since the whole of it ages."""
    return Settings(
        spooled_env="development",
        database_url=servers.new_database(f"workflows_{uuid.uuid4().hex}"),
        redis_url=redis_url,
        validate_answers=True,
    )


async def test_an_ended_workflow_goes_after_its_jobs(org: Tenant, core: Core, clock: MovingClock) -> None:
    """A workflow that ended long ago goes with what its steps waited for; one that still runs stays whole."""
    ended = await made(org, step("a"), step("b", "a"))
    await complete(org, (await take(org))["a"])
    await complete(org, (await take(org))["b"])
    running = await made(org, step("a"), step("b", "a"))
    early = await run_once.run_once(core, clock(), BUDGET)
    clock.advance(days=core.settings.job_retention_days + 3)

    late = await run_once.run_once(core, clock(), BUDGET)

    assert (early["workflows"], early["dependencies"]) == (0, 0)
    assert (late["workflows"], late["dependencies"]) == (1, 1)
    await org.get(f"/workflows/{ended['id']}", status=404)
    await complete(org, (await take(org))["a"])
    await complete(org, (await take(org))["b"])
    assert (await org.get(f"/workflows/{running['id']}"))["status"] == "completed"


async def test_jobs_without_workflow_never_reach_its_functions(org: Tenant, settings: Settings) -> None:
    """Enqueue, claim, complete, fail, cancel and retry of a plain job work with those functions broken."""
    async with await psycopg.AsyncConnection.connect(settings.database_url, autocommit=True) as owner:
        for name in ("settle_steps", "begin_workflows", "parent_results", "reopen_steps"):
            cursor = await owner.execute(
                "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = %s", (name,)
            )
            ((definition,),) = await cursor.fetchall()
            head = definition[: definition.index("AS $function$")]
            body = "BEGIN RAISE EXCEPTION 'reached'; END"
            await owner.execute(f"{head} AS $function$ {body} $function$")

    await org.push()
    await complete(org, await org.dequeue())
    dead = await org.bury()
    await org.post(f"/jobs/{dead['id']}/retry")
    await org.delete(f"/jobs/{dead['id']}")
    await made(org, step("a"))
    claim = {"queue_name": "steps", "worker_id": "w"}
    await org.post("/jobs/claim", claim, 500)
