"""Each change of a job is told once to those who watch, after its commit, whatever made it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from functions.ticks.leases import run_once as leases
from shared import ids
from shared.jobs.enqueue import NewJob, enqueue_within
from shared.tenants.caller import Caller
from tests.support.outbox import World
from tests.support.watching import Story, Told, run_tick, told_by

TEN = range(10)


async def created(world: World) -> AsyncIterator[None]:
    await world.org.push()
    yield
    await world.org.push()


async def created_for_later(world: World) -> AsyncIterator[None]:
    await world.org.push()
    yield
    await world.org.push(delay_seconds=60)


async def created_in_bulk(world: World) -> AsyncIterator[None]:
    await world.org.push()
    yield
    await world.org.post("/jobs/bulk", {"queue_name": "emails", "jobs": [{"payload": {}}, {"payload": {}}]})


async def created_twice_by_one_key(world: World) -> AsyncIterator[None]:
    await world.org.push()
    yield
    await asyncio.gather(*(world.org.push(status=None, idempotency_key="k") for _ in TEN))


async def started(world: World) -> AsyncIterator[None]:
    await world.org.push()
    yield
    await asyncio.gather(*(world.org.dequeue() for _ in TEN))


async def started_in_a_limited_queue(world: World) -> AsyncIterator[None]:
    await world.org.put("/queues/emails/config", {"concurrency": 2})
    for _ in range(3):
        await world.org.push()
    yield
    await world.org.post("/jobs/claim", {"queue_name": "emails", "worker_id": "w1", "limit": 10})


async def completed(world: World) -> AsyncIterator[None]:
    await world.org.push()
    job = await world.org.dequeue()
    world.clock.advance(seconds=20)
    yield
    await asyncio.gather(*(world.org.post(f"/jobs/{job['id']}/complete", {"result": [1]}, None) for _ in TEN))


async def completed_and_the_next_started(world: World) -> AsyncIterator[None]:
    await world.org.push()
    await world.org.push()
    job = await world.org.dequeue()
    yield
    await world.org.post(
        f"/jobs/{job['id']}/complete", {"worker_id": "w1", "claim_next": {"queue_name": "emails"}}
    )


async def completed_in_a_batch(world: World) -> AsyncIterator[None]:
    jobs = [await world.org.push(), await world.org.push()]
    await world.org.post("/jobs/claim", {"queue_name": "emails", "worker_id": "w1", "limit": 10})
    yield
    body = {"jobs": [{"id": job["id"]} for job in [*jobs, *jobs]]}
    await world.org.post("/jobs/complete", body)


async def failed(world: World) -> AsyncIterator[None]:
    await world.org.push()
    job = await world.org.dequeue()
    world.clock.advance(seconds=1.5)
    yield
    for _ in range(2):
        await world.org.post(f"/jobs/{job['id']}/fail", {"error": "broken"}, None)


async def buried(world: World) -> AsyncIterator[None]:
    await world.org.push()
    job = await world.org.dequeue()
    yield
    for _ in range(2):
        await world.org.post(f"/jobs/{job['id']}/fail", {"error": "broken", "no_retry": True}, None)


async def lapsed(world: World) -> AsyncIterator[None]:
    await world.org.push()
    await world.org.dequeue()
    world.clock.advance(seconds=301)
    yield
    await run_tick(leases, world.core)
    await run_tick(leases, world.core)


async def lapsed_for_good(world: World) -> AsyncIterator[None]:
    await world.org.push(max_retries=0)
    await world.org.dequeue()
    world.clock.advance(seconds=301)
    yield
    await run_tick(leases, world.core)


async def lapsed_and_taken_over(world: World) -> AsyncIterator[None]:
    await world.org.put("/queues/emails/config", {"retry_delay_seconds": 0})
    await world.org.push()
    await world.org.dequeue()
    world.clock.advance(seconds=301)
    yield
    await world.org.dequeue(worker_id="w2", wait_seconds=2)


async def released(world: World) -> AsyncIterator[None]:
    await world.org.push()
    job = await world.org.dequeue()
    yield
    for _ in range(2):
        await world.org.post(f"/jobs/{job['id']}/release", {}, None)


async def cancelled(world: World) -> AsyncIterator[None]:
    job = await world.org.push()
    yield
    for _ in range(2):
        await world.org.delete(f"/jobs/{job['id']}", None)


async def cancelled_before_its_time(world: World) -> AsyncIterator[None]:
    job = await world.org.push(delay_seconds=60)
    yield
    await world.org.delete(f"/jobs/{job['id']}")


async def expired(world: World) -> AsyncIterator[None]:
    await world.org.push(expires_at=(world.clock() + timedelta(seconds=30)).isoformat())
    world.clock.advance(seconds=31)
    yield
    await run_tick(leases, world.core)
    await run_tick(leases, world.core)


async def retried(world: World) -> AsyncIterator[None]:
    job = await world.org.bury()
    yield
    for _ in range(2):
        await world.org.post(f"/jobs/{job['id']}/retry", {}, None)


async def retried_in_bulk(world: World) -> AsyncIterator[None]:
    await world.org.bury()
    await world.org.bury()
    yield
    await world.org.post("/jobs/dlq/retry", {"queue_name": "emails"})


async def moved_up(world: World) -> AsyncIterator[None]:
    job = await world.org.push()
    yield
    for _ in range(2):
        await world.org.put(f"/jobs/{job['id']}/priority", {"priority": 7})


async def gone_with_their_queue(world: World) -> AsyncIterator[None]:
    await world.org.push()
    await world.org.push(delay_seconds=60)
    yield
    await world.org.delete("/queues/emails?delete_jobs=true")


async def refused(world: World) -> AsyncIterator[None]:
    first, second = await world.org.push(idempotency_key="k"), await world.org.push()
    held = await world.org.dequeue()
    yield
    await world.org.push(status=200, idempotency_key="k")
    await world.org.push(status=404, parent_job_id="job_unknown")
    await world.org.push(status=400, priority=1_000_000)
    await world.org.post(f"/jobs/{held['id']}/complete", {"worker_id": "another"}, 409)
    await world.org.post(f"/jobs/{held['id']}/fail", {"error": "x", "worker_id": "another"}, 409)
    await world.org.post(f"/jobs/{held['id']}/release", {"worker_id": "another"}, 409)
    await world.org.delete(f"/jobs/{held['id']}", 409)
    await world.org.put(f"/jobs/{held['id']}/priority", {"priority": 1}, 404)
    for job in (first, second):
        await world.org.post(f"/jobs/{job['id']}/retry", {}, 409)
    assert await world.org.dequeue("empty") is None
    await run_tick(leases, world.core)


async def undone(world: World) -> AsyncIterator[None]:
    caller = Caller(org_id=ids.decode("org", world.org.org_id), key_id=1)

    async def undo() -> None:
        async with world.core.store.transaction(caller.scope) as transaction:
            await enqueue_within(transaction, world.core, caller, [NewJob("new", "{}")], world.clock())
            raise ZeroDivisionError

    yield
    with pytest.raises(ZeroDivisionError):
        await undo()


def change(name: str, old: str | None, new: str, **facts: Any) -> Told:
    return (name,), {"previous_status": old, "status": new, "queue_name": "emails"} | facts


def end(old: str, new: str, **facts: Any) -> Told:
    return ("job.failed", "job.deadlettered"), change("", old, new, **facts)[1]


NEW = change("job.created", None, "pending", priority=0)
TAKEN = change("job.started", "pending", "processing", worker_id="w1", retry_count=0)
DONE = change("job.completed", "processing", "completed", result=None)
LOST = {"error": "Lease expired", "duration_ms": 301_000, "worker_id": "w1"}
CASES: list[tuple[Story, list[Told]]] = [
    (created, [NEW]),
    (created_for_later, [change("job.created", None, "scheduled")]),
    (created_in_bulk, [NEW, NEW]),
    (created_twice_by_one_key, [NEW]),
    (started, [TAKEN]),
    (started_in_a_limited_queue, [TAKEN, TAKEN]),
    (completed, [change("job.completed", "processing", "completed", result=[1], duration_ms=20_000)]),
    (completed_and_the_next_started, [DONE, TAKEN]),
    (completed_in_a_batch, [DONE, DONE]),
    (failed, [change("job.failed", "processing", "pending", error="broken", will_retry=True, retry_count=1,
                     duration_ms=1_000)]),
    (buried, [end("processing", "deadletter", error="broken", will_retry=False)]),
    (lapsed, [change("job.failed", "processing", "pending", will_retry=True, **LOST)]),
    (lapsed_for_good, [end("processing", "deadletter", will_retry=False, **LOST)]),
    (lapsed_and_taken_over, [change("job.failed", "processing", "pending", **LOST),
                             change("job.started", "pending", "processing", worker_id="w2", retry_count=1)]),
    (released, [change("job.released", "processing", "pending", retry_count=0, worker_id="w1")]),
    (cancelled, [change("job.cancelled", "pending", "cancelled", error="Cancelled")]),
    (cancelled_before_its_time, [change("job.cancelled", "scheduled", "cancelled")]),
    (expired, [change("job.cancelled", "pending", "cancelled", error="Expired before it ran")]),
    (retried, [change("job.retried", "deadletter", "pending", retry_count=0)]),
    (retried_in_bulk, [change("job.retried", "deadletter", "pending")] * 2),
    (moved_up, [change("job.updated", "pending", "pending", priority=7)]),
    (gone_with_their_queue, [change("job.cancelled", "pending", "cancelled", error="Queue deleted"),
                             change("job.cancelled", "scheduled", "cancelled", error="Queue deleted"),
                             (("queue.deleted",), {"queue_name": "emails"})]),
    (refused, []),
    (undone, []),
]  # fmt: skip


@pytest.mark.parametrize(("story", "expected"), CASES, ids=lambda value: getattr(value, "__name__", ""))
async def test_a_change_is_told_once(process: World, story: Story, expected: list[Told]) -> None:
    """With what the job was and is, by every kind of process; what was refused or undone is not told."""
    told = await told_by(story, process)

    assert [names for names, _ in told] == [names for names, _ in expected]
    for (_, data), (_, facts) in zip(told, expected, strict=True):
        seen = {name: data[name] for name in facts if name in data}
        if "duration_ms" in facts:
            seen["duration_ms"] = seen["duration_ms"] // 1000 * 1000
        assert seen == facts
        assert "payload" not in data
