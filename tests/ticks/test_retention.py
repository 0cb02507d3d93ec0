"""Retention: partitions are made ahead, and what was kept long enough goes."""

import asyncio
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import psycopg
import pytest

from functions.ticks.retention import run_once
from shared import ids
from shared.core import Core
from shared.jobs.retention import delete_old_jobs
from shared.settings import Settings
from shared.store import Query, Row, Scope, Store
from tests.support.api import Tenant
from tests.support.clock import MovingClock
from tests.support.servers import Servers

BUDGET = 30.0


@pytest.fixture
def settings(servers: Servers, redis_url: str) -> Settings:
    """A database of each test's own: days that one test moves through are gone for the next."""
    return Settings(
        spooled_env="development",
        database_url=servers.new_database(f"retention_{uuid.uuid4().hex}"),
        redis_url=redis_url,
        validate_answers=True,
    )


@pytest.fixture
async def owner(settings: Settings):
    """The owner of the tables, without any role."""
    async with await psycopg.AsyncConnection.connect(settings.database_url, autocommit=True) as connection:
        yield connection


async def partitions(owner) -> set[str]:
    cursor = await owner.execute(
        "SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
        " WHERE inhparent = 'job_archive'::regclass"
    )
    return {name for (name,) in await cursor.fetchall()}


def partition_of(day: datetime) -> str:
    return f"job_archive_{day:%Y%m%d}"


async def set_plan(owner, org: Tenant, plan: str, custom_limits: str | None = None) -> None:
    await owner.execute(
        "UPDATE organization SET plan_tier = %s, custom_limits = %s WHERE org_id = %s",
        (plan, custom_limits, ids.decode("org", org.org_id)),
    )


async def finish(org: Tenant) -> str:
    job = await org.push()
    await org.dequeue()
    await org.post(f"/jobs/{job['id']}/complete")
    return job["id"]


async def test_a_new_database_has_the_partition_of_today(owner, org: Tenant) -> None:
    """The first job of a new service lands in its day, not in the rest."""
    await finish(org)
    in_rest = await (await owner.execute("SELECT count(*) FROM job_archive_rest")).fetchone()

    assert in_rest == (0,)
    assert partition_of(datetime.now(UTC)) in await partitions(owner)


async def test_partitions_are_made_three_days_ahead(core: Core, owner, clock: MovingClock) -> None:
    """A run makes what is missing of today and the next three days, and a second run nothing."""
    clock.advance(days=2)
    first = await run_once.run_once(core, clock(), BUDGET)
    second = await run_once.run_once(core, clock(), BUDGET)

    assert (first["partitions_made"], second["partitions_made"]) == (2, 0)
    assert {partition_of(clock() + timedelta(days=ahead)) for ahead in range(4)} <= await partitions(owner)


async def test_a_partition_goes_once_all_its_jobs_are_old(
    core: Core, owner, org: Tenant, clock: MovingClock
) -> None:
    """A day is dropped when its last job finished longer ago than the ceiling, and not a day before."""
    today = partition_of(clock())
    job_id = await finish(org)
    late = await org.push(delay_seconds=10 * 86_400)
    clock.advance(days=11)
    await org.dequeue()
    await org.post(f"/jobs/{late['id']}/complete")

    clock.advance(days=84)
    kept = await run_once.run_once(core, clock(), BUDGET)
    assert kept["partitions_dropped"] == 3
    assert today in await partitions(owner)
    await org.job(job_id, 404)
    await org.job(late["id"])
    clock.advance(days=7)
    dropped = await run_once.run_once(core, clock(), BUDGET)

    assert dropped["partitions_dropped"] >= 1
    assert today not in await partitions(owner)
    await org.job(late["id"], 404)


async def test_each_plan_keeps_its_jobs_as_long_as_it_says(
    core: Core, owner, org: Tenant, other_org: Tenant, clock: MovingClock
) -> None:
    """A free organization's job goes after a day while another's stays; custom limits win over the plan."""
    await set_plan(owner, org, "free")
    await set_plan(owner, other_org, "free", '{"job_retention_days": 5}')
    mine, theirs = await finish(org), await finish(other_org)
    waiting = await org.push()
    clock.advance(hours=25)
    counts = await run_once.run_once(core, clock(), BUDGET)

    assert counts["jobs"] == 1
    await org.job(mine, 404)
    await org.job(waiting["id"])
    await other_org.job(theirs)
    clock.advance(days=5)
    assert (await run_once.run_once(core, clock(), BUDGET))["jobs"] == 1
    await other_org.job(theirs, 404)


async def test_nonsense_in_custom_limits_stops_nobody_elses_retention(
    core: Core, owner, org: Tenant, other_org: Tenant, clock: MovingClock
) -> None:
    """An organization whose limit is no number is treated by its plan, and the run goes on."""
    await set_plan(owner, org, "free", '{"job_retention_days": "soon"}')
    await set_plan(owner, other_org, "free", '{"job_retention_days": -3}')
    await finish(org)
    await finish(other_org)
    clock.advance(hours=25)

    assert (await run_once.run_once(core, clock(), BUDGET))["jobs"] == 2


async def test_an_old_idempotency_key_is_forgotten(core: Core, org: Tenant, clock: MovingClock) -> None:
    """After 24 hours the key's row is gone, and the key makes a new job."""
    first = await org.push(idempotency_key="order-1")
    clock.advance(hours=23)
    assert (await run_once.run_once(core, clock(), BUDGET))["idempotency_keys"] == 0
    clock.advance(hours=2)
    counts = await run_once.run_once(core, clock(), BUDGET)
    second = await org.push(idempotency_key="order-1")

    assert counts["idempotency_keys"] == 1
    assert first["id"] != second["id"]


async def test_two_timers_at_once_do_the_work_once(
    core: Core, owner, org: Tenant, clock: MovingClock
) -> None:
    """Of several runs at the same moment none fails, and together they count each thing once."""
    await org.post("/jobs/bulk", {"queue_name": "emails", "jobs": [{"payload": n} for n in range(300)]})
    jobs = (await org.post("/jobs/claim", {"queue_name": "emails", "worker_id": "w", "limit": 300}))["jobs"]
    await asyncio.gather(*(org.post(f"/jobs/{job['id']}/complete") for job in jobs))
    await set_plan(owner, org, "free")
    clock.advance(days=100)
    runs = await asyncio.gather(*(run_once.run_once(core, clock(), BUDGET) for _ in range(4)))

    assert sum(run["partitions_made"] for run in runs) == 4
    assert sum(run["partitions_dropped"] for run in runs) == 4
    left = await (await owner.execute("SELECT count(*) FROM job_archive")).fetchone()
    assert left == (0,)


async def test_the_budget_ends_a_run(core: Core, owner, org: Tenant, clock: MovingClock) -> None:
    """Without time left a run does one bounded batch of each kind and leaves the rest to the next one."""
    jobs = [{"payload": n, "idempotency_key": str(n)} for n in range(150)]
    await org.post("/jobs/bulk", {"queue_name": "emails", "jobs": jobs})
    taken = (await org.post("/jobs/claim", {"queue_name": "emails", "worker_id": "w", "limit": 150}))["jobs"]
    await asyncio.gather(*(org.post(f"/jobs/{job['id']}/complete") for job in taken))
    await set_plan(owner, org, "free")
    clock.advance(days=2)
    first = await run_once.run_once(core, clock(), 0.0)
    second = await run_once.run_once(core, clock(), 0.0)

    assert (first["jobs"], second["jobs"]) == (100, 50)


async def test_who_has_nothing_more_is_not_asked_again(
    core: Core, owner, org: Tenant, other_org: Tenant, clock: MovingClock
) -> None:
    """Where one organization has much to delete, the rounds go on with it alone."""
    await org.post("/jobs/bulk", {"queue_name": "emails", "jobs": [{"payload": n} for n in range(250)]})
    jobs = (await org.post("/jobs/claim", {"queue_name": "emails", "worker_id": "w", "limit": 250}))["jobs"]
    await asyncio.gather(*(org.post(f"/jobs/{job['id']}/complete") for job in jobs))
    await finish(other_org)
    for tenant in (org, other_org):
        await set_plan(owner, tenant, "free")
    clock.advance(hours=25)
    asked: list[list[int] | None] = []

    class Listening(Store):
        async def fetch_one(self, scope: Scope, query: Query, **parameters: Any) -> Row | None:
            asked.append(parameters["left_over"])
            return await super().fetch_one(scope, query, **parameters)

    store = Listening(core.store._connections, statement_timeout_ms=30_000)
    deleted = await delete_old_jobs(replace(core, store=store), clock(), monotonic() + BUDGET)

    assert deleted == 251
    assert asked == [None, *[[ids.decode("org", org.org_id)]] * 2]
