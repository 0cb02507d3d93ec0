"""Each change of a job is told to the webhooks that want it, once, in the transaction of the change."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from shared import ids
from shared.core import Core
from shared.jobs.cancel import expire_jobs
from shared.jobs.enqueue import NewJob, enqueue_within
from shared.jobs.leases import recover_all
from shared.tenants.caller import Caller
from tests.support.api import Tenant
from tests.support.clock import MovingClock
from tests.support.outbox import World, deliveries, names, subscribe, told
from tests.support.until import until

Change = Callable[[World], Awaitable[Any]]


async def created(world: World) -> None:
    await world.org.push()


async def created_in_bulk(world: World) -> None:
    await world.org.post("/jobs/bulk", {"queue_name": "emails", "jobs": [{"payload": {}}, {"payload": {}}]})


async def started(world: World) -> None:
    await created(world)
    await world.org.dequeue()


async def completed(world: World) -> None:
    await world.org.push()
    job = await world.org.dequeue()
    await world.org.post(f"/jobs/{job['id']}/complete", {"result": {"a": None}})


async def completed_in_a_batch(world: World) -> None:
    await created_in_bulk(world)
    claimed = await world.org.post("/jobs/claim", {"queue_name": "emails", "worker_id": "w", "limit": 10})
    jobs = [{"id": job["id"], "result": 1} for job in claimed["jobs"]]
    await world.org.post("/jobs/complete", {"jobs": jobs})


async def failed(world: World) -> None:
    await world.org.push()
    job = await world.org.dequeue()
    await world.org.post(f"/jobs/{job['id']}/fail", {"error": "broken"})


async def buried(world: World) -> None:
    await world.org.bury()


async def lapsed(world: World) -> None:
    await world.org.push()
    await world.org.dequeue()
    world.clock.advance(seconds=301)
    await recover_all(world.core, world.clock(), 10)


async def lapsed_for_good(world: World) -> None:
    await world.org.push(max_retries=0)
    await world.org.dequeue()
    world.clock.advance(seconds=301)
    await recover_all(world.core, world.clock(), 10)


async def cancelled(world: World) -> None:
    job = await world.org.push()
    await world.org.delete(f"/jobs/{job['id']}")


async def expired(world: World) -> None:
    await world.org.push(expires_at=(world.clock() + timedelta(seconds=30)).isoformat())
    world.clock.advance(seconds=31)
    await expire_jobs(world.core, world.clock())


async def retried(world: World) -> None:
    job = await world.org.bury()
    await world.org.post(f"/jobs/{job['id']}/retry")


async def retried_in_bulk(world: World) -> None:
    await world.org.bury()
    await world.org.bury()
    await world.org.post("/jobs/dlq/retry", {"queue_name": "emails"})


NEW = {"status": "pending", "error": None, "result": None, "will_retry": None, "retry_count": 0}
LOST = {"error": "Lease expired", "worker_id": "w1"}
CASES: list[tuple[Change, list[tuple[str, dict[str, Any]]]]] = [
    (created, [("job.created", NEW)]),
    (created_in_bulk, [("job.created", NEW)] * 2),
    (started, [("job.started", {"status": "processing", "worker_id": "w1", "retry_count": 0})]),
    (completed, [("job.completed", {"status": "completed", "result": {"a": None}, "worker_id": "w1"})]),
    (completed_in_a_batch, [("job.completed", {"status": "completed", "result": 1})] * 2),
    (failed, [("job.failed", {"status": "pending", "will_retry": True, "error": "broken", "retry_count": 1,
                              "worker_id": "w1"})]),
    (buried, [("job.failed", {"status": "deadletter", "will_retry": False, "error": "broken"}),
              ("job.deadlettered", {"status": "deadletter", "error": "broken", "worker_id": "w1"})]),
    (lapsed, [("job.failed", {"status": "pending", "will_retry": True, **LOST})]),
    (lapsed_for_good, [("job.failed", {"will_retry": False, **LOST}),
                       ("job.deadlettered", {"status": "deadletter", **LOST})]),
    (cancelled, [("job.cancelled", {"status": "cancelled", "error": "Cancelled", "will_retry": None})]),
    (expired, [("job.cancelled", {"status": "cancelled", "error": "Expired before it ran"})]),
    (retried, [("job.retried", NEW)]),
    (retried_in_bulk, [("job.retried", NEW)] * 2),
]  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), CASES, ids=lambda value: getattr(value, "__name__", ""))
async def test_a_change_is_told(
    core: Core,
    org: Tenant,
    other_org: Tenant,
    clock: MovingClock,
    change: Change,
    expected: list[tuple[str, dict[str, Any]]],
) -> None:
    """Who subscribed to the event hears of the job, to the last detail but its payload; others do not."""
    webhook = await subscribe(core, org, *{event for event, _ in expected})
    await subscribe(core, org, "webhook.other")
    await subscribe(core, org, enabled=False)
    await subscribe(core, other_org)

    await change(World(core, org, clock))

    rows = await deliveries(core, org)
    assert [row["event"] for row in rows] == [event for event, _ in expected]
    for row, (_, facts) in zip(rows, expected, strict=True):
        job = await org.job(row["data"]["job_id"])
        assert row["data"].items() >= {"queue_name": "emails", "priority": 0, "workflow_id": None}.items()
        assert row["data"].items() >= facts.items()
        assert row["data"]["max_retries"] == job["max_retries"]
        assert "payload" not in row["data"]
        assert (row["webhook_id"], row["url"], row["state"]) == (webhook, None, "pending")
        assert row["next_attempt_at"] == row["created_at"] <= clock()
    assert await told(core, other_org) == []


async def test_every_subscriber_hears_of_it(core: Core, org: Tenant) -> None:
    """Two webhooks of one event have a delivery each, and one of all events has all in their order."""
    two = [await subscribe(core, org, "job.created", "job.failed") for _ in range(2)]
    everything = await subscribe(core, org)
    job = await org.push()
    await org.delete(f"/jobs/{job['id']}")

    rows = [(row["event"], row["webhook_id"]) for row in await deliveries(core, org)]

    assert rows == [
        ("job.created", two[0]),
        ("job.created", two[1]),
        ("job.created", everything),
        ("job.cancelled", everything),
    ]


async def test_what_changes_nothing_is_not_told(core: Core, org: Tenant) -> None:
    """A refused settle, a repeat of one, a known idempotency key and an empty claim write nothing."""
    await subscribe(core, org, "job.created", "job.completed", "job.failed", "job.started")
    first = await org.push(idempotency_key="k")
    job = await org.dequeue()
    await org.post(f"/jobs/{job['id']}/complete", {})
    before = await names(core, org)

    await org.push(status=200, idempotency_key="k")
    await org.post(f"/jobs/{job['id']}/complete", {}, 409)
    await org.post(f"/jobs/{first['id']}/fail", {"error": "late"}, 409)
    await org.post("/jobs/complete", {"jobs": [{"id": job["id"]}]})
    assert await org.dequeue() is None

    assert before == ["job.created", "job.started", "job.completed"]
    assert await names(core, org) == before


async def test_racing_completes_are_told_once(core: Core, org: Tenant) -> None:
    """Of ten completes of one job at once one wins, and is told."""
    await subscribe(core, org, "job.completed")
    await org.push()
    job = await org.dequeue()

    await asyncio.gather(*(org.call("POST", f"/jobs/{job['id']}/complete", json={}) for _ in range(10)))

    assert await names(core, org) == ["job.completed"]


async def test_what_is_undone_was_never_told(core: Core, org: Tenant) -> None:
    """The delivery goes with the change that it tells of."""
    await subscribe(core, org)
    caller = Caller(org_id=ids.decode("org", org.org_id), key_id=1)

    async def undone() -> None:
        async with core.store.transaction(caller.scope) as transaction:
            await enqueue_within(transaction, core, caller, [NewJob("emails", "{}")], core.clock())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await undone()

    assert await names(core, org) == []


async def test_a_webhook_that_is_deleted_meanwhile_refuses_no_change(core: Core, org: Tenant) -> None:
    """A change that finds a subscriber on its way out waits for its end, and then tells the others."""
    gone, left = [await subscribe(core, org, "job.created") for _ in range(2)]
    async with (
        await psycopg.AsyncConnection.connect(core.settings.database_url) as deleting,
        await psycopg.AsyncConnection.connect(core.settings.database_url, autocommit=True) as watching,
    ):
        await deleting.execute("SET ROLE spooled_system")
        await deleting.execute("DELETE FROM webhook WHERE id = %s", [gone])

        async def waits() -> bool:
            cursor = await watching.execute(
                "SELECT %s = ANY(pg_blocking_pids(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'",
                [deleting.info.backend_pid],
            )
            return (True,) in await cursor.fetchall()

        pushing = asyncio.create_task(org.push())
        await until(waits)
        await deleting.commit()
        await pushing

    assert [row["webhook_id"] for row in await deliveries(core, org)] == [left]
