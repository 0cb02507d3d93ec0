"""A worker that streams: one job in flight at a time, and the next as soon as that is settled."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

import pytest

from functions.streams.app import every_method
from shared import ids
from shared.core import Core
from shared.edge.opening import open_core
from shared.jobs import flights
from shared.jobs.flights import end_flights
from shared.jobs.leases import recover_all
from shared.jobs.refusal import Hold
from shared.jobs.settle import Completion, complete_jobs
from shared.limits.bucket import Rate, Taken
from shared.settings import Settings
from shared.store import SYSTEM, Query, Row, Scope, Statement
from shared.tenants.caller import Caller
from shared.wire.proto import spooled_pb2 as pb
from tests.support.api import Tenant
from tests.support.asked import asked
from tests.support.clock import MovingClock
from tests.support.rpc import Rpc, rpc_client, rpc_served
from tests.support.streams import SOON, end_of, next_of, streaming
from tests.support.until import until, until_consumers_wait

WATCHED = Query("watched", "SELECT until FROM watch WHERE org_id = %(org_id)s", hot=False)


@pytest.fixture
def no_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks by itself which jobs are held still, so that a test sees whether it was told."""
    monkeypatch.setattr(flights, "_LOOK_SECONDS", 3600.0)


@pytest.fixture
async def other(settings: Settings) -> AsyncIterator[Core]:
    """Another process."""
    opened = await open_core(settings)
    yield opened
    await opened.close()


async def status_becomes(org: Tenant, job_id: str, status: str) -> None:
    async def is_so() -> bool:
        return bool((await org.job(job_id))["status"] == status)

    await until(is_so)


async def complete_elsewhere(process: Core, org: Tenant, job: pb.Job) -> None:
    """Another process completes the job, as a function of the API does."""
    hold = Hold(ids.decode("job", job.id), ids.decode("lease", job.lease_id))
    caller = Caller(org_id=ids.decode("org", org.org_id), key_id=1)
    (outcome,) = await complete_jobs(process, caller, None, [Completion(hold)], process.clock())
    outcome.row_or_raise()


async def test_one_job_is_in_flight(rpc: Rpc, org: Tenant) -> None:
    """What lies behind the first job is left to others until that is settled."""
    pushed = [(await org.push())["id"] for _ in range(3)]
    stream = streaming(rpc)
    first = await next_of(stream)
    (second,) = (await rpc.call("Dequeue", queue_name="emails", worker_id="w2")).jobs

    await rpc.call("Complete", job_id=first.id, worker_id="w1", lease_id=first.lease_id)
    third = await next_of(stream)

    assert [first.id, second.id, third.id] == pushed
    assert (first.status, first.assigned_worker_id) == (pb.JOB_STATUS_PROCESSING, "w1")
    assert (await org.job(third.id))["lease_id"] == third.lease_id


@pytest.mark.parametrize("way", ["Complete", "Fail", "complete", "fail", "release"])
@pytest.mark.usefixtures("no_looks")
async def test_each_way_to_settle_brings_the_next(rpc: Rpc, org: Tenant, way: str) -> None:
    """Whatever a job's worker does with it here, by gRPC or REST, the stream goes on at once."""
    await org.push()
    second = await org.push()
    stream = streaming(rpc)
    job = await next_of(stream)

    if way in {"Complete", "Fail"}:
        await rpc.call(way, job_id=job.id, worker_id="w1")
    else:
        await org.post(f"/jobs/{job.id}/{way}", {"error": "x", "delay_seconds": 60})

    assert (await next_of(stream)).id == second["id"]


async def test_a_settle_of_another_process_brings_the_next(
    rpc: Rpc, org: Tenant, other: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first time it is found by looking; from then on the other process tells."""
    pushed = [(await org.push())["id"] for _ in range(4)]
    stream = streaming(rpc)
    await complete_elsewhere(other, org, await next_of(stream))
    second = await next_of(stream)
    monkeypatch.setattr(flights, "_LOOK_SECONDS", 3600.0)

    async def is_followed() -> bool:
        return bool(await other.store.fetch(SYSTEM, WATCHED, org_id=ids.decode("org", org.org_id)))

    await until(is_followed)
    await complete_elsewhere(other, org, second)
    third = await next_of(stream)
    await complete_elsewhere(other, org, third)

    assert [second.id, third.id, (await next_of(stream)).id] == pushed[1:]


async def test_without_redis_a_settle_of_another_process_is_found(
    org: Tenant, settings: Settings, other: Core
) -> None:
    """One look a second tells for all streams which jobs are held still."""
    pushed = [(await org.push())["id"] for _ in range(2)]
    alone = await open_core(settings.model_copy(update={"redis_url": "none"}))
    try:
        async with rpc_served(alone, every_method()) as address, rpc_client(address, org.key) as client:
            stream = streaming(client)
            await complete_elsewhere(other, org, await next_of(stream))
            second = await next_of(stream)
    finally:
        await alone.close()

    assert second.id == pushed[1]


async def test_a_lapsed_lease_ends_the_flight(rpc: Rpc, org: Tenant, core: Core, clock: MovingClock) -> None:
    """A worker that lets the lease lapse gets the next job: here the same one, as its second attempt."""
    pushed = await org.push()
    stream = streaming(rpc, lease_duration_secs=5)
    await next_of(stream)
    clock.advance(seconds=6)
    await recover_all(core, clock(), 1)
    clock.advance(seconds=2)

    again = await next_of(stream)

    assert (again.id, again.retry_count, again.last_error) == (pushed["id"], 1, "Lease expired")


async def test_a_renewed_lease_keeps_the_flight(
    rpc: Rpc, org: Tenant, core: Core, clock: MovingClock
) -> None:
    """A job whose lease was renewed in time is in flight still, and nothing else is sent."""
    await org.push()
    await org.push()
    stream = streaming(rpc, lease_duration_secs=5)
    job = await next_of(stream)
    await rpc.call("RenewLease", job_id=job.id, worker_id="w1", lease_id=job.lease_id, extension_secs=60)
    clock.advance(seconds=30)

    assert await end_flights(core) == []
    assert len((await rpc.call("Dequeue", queue_name="emails", worker_id="w2")).jobs) == 1


async def test_a_failed_job_comes_again(rpc: Rpc, org: Tenant) -> None:
    """After its backoff a failed job is sent on the same stream, with its count of retries."""
    pushed = await org.push()
    stream = streaming(rpc)
    job = await next_of(stream)
    await rpc.call("Fail", job_id=job.id, worker_id="w1", error="broken")

    again = await next_of(stream)

    assert (again.id, again.retry_count, again.last_error) == (pushed["id"], 1, "broken")


async def test_a_paused_queue_gives_nothing(rpc: Rpc, org: Tenant, core: Core) -> None:
    """The stream stays open, and its job comes when the queue is resumed."""
    pushed = await org.push()
    await org.post("/queues/emails/pause")
    stream = streaming(rpc)
    await until_consumers_wait(core)
    assert (await org.job(pushed["id"]))["status"] == "pending"
    await org.post("/queues/emails/resume")

    assert (await next_of(stream)).id == pushed["id"]


async def test_the_highest_priority_is_sent_first(rpc: Rpc, org: Tenant) -> None:
    """A stream takes jobs in the order of any claim."""
    low, high = await org.push(priority=-5), await org.push(priority=5)
    stream = streaming(rpc)
    first = await next_of(stream)
    await rpc.call("Complete", job_id=first.id, worker_id="w1")

    assert [first.id, (await next_of(stream)).id] == [high["id"], low["id"]]


async def test_a_client_that_never_reads_holds_one_job(rpc: Rpc, org: Tenant, core: Core) -> None:
    """Nothing is taken from the queue for a client that does not read what it has."""
    pushed = [(await org.push(payload={"text": "x" * 90_000}))["id"] for _ in range(3)]
    stream = streaming(rpc)
    await status_becomes(org, pushed[0], "processing")

    async def is_noted() -> bool:
        return len(core.in_flight.flights()) == 1

    await until(is_noted)
    taken = (await rpc.call("Dequeue", queue_name="emails", worker_id="w2", batch_size=10)).jobs
    stream.cancel()

    assert [job.id for job in taken] == pushed[1:]


async def test_a_client_that_cancels_while_it_waits_leaves_nothing(rpc: Rpc, org: Tenant, core: Core) -> None:
    """A job that comes after the cancel is for others, and the stream is counted no more."""
    stream = streaming(rpc)
    await until_consumers_wait(core)
    stream.cancel()
    assert await core.streams.ended(SOON)
    pushed = await org.push()

    assert (await org.dequeue())["id"] == pushed["id"]


async def test_a_cancel_leaves_the_job_to_its_lease(rpc: Rpc, org: Tenant, core: Core) -> None:
    """Who cancels may still be at work: its job stays its own, and it can complete it."""
    pushed = await org.push()
    stream = streaming(rpc)
    job = await next_of(stream)
    stream.cancel()
    assert await core.streams.ended(SOON)

    assert (await org.job(pushed["id"]))["status"] == "processing"
    assert (await rpc.call("Complete", job_id=job.id, worker_id="w1", lease_id=job.lease_id)).success


async def test_a_cancel_gives_back_when_the_client_said_so(rpc: Rpc, org: Tenant) -> None:
    """With `x-release-on-cancel` the job is there for the next worker at once, its attempt not counted."""
    pushed = await org.push()
    stream = streaming(rpc, [("x-release-on-cancel", "true")])
    await next_of(stream)
    stream.cancel()

    await status_becomes(org, pushed["id"], "pending")
    assert (await org.job(pushed["id"]))["attempts"] == 0


async def test_who_waits_and_is_stirred_asks_the_database_nothing(
    core: Core, rpc: Rpc, org: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every half a minute all streams see whether they are to go on; that costs no query, and no place."""
    streams = [streaming(rpc, worker_id=f"w{number}") for number in range(10)]
    await until_consumers_wait(core, 10)
    asked: list[str] = []
    fetch = core.store.fetch_each

    async def counted(scope: Scope, statements: Sequence[Statement], **how: Any) -> list[list[Row]]:
        asked.extend(statement.query.name for statement in statements)
        return await fetch(scope, statements, **how)

    with monkeypatch.context() as patched:
        patched.setattr(core.store, "fetch_each", counted)
        for _ in range(3):
            core.streams.stir()
            core.wakeups.stir()
            # By then all of them have run.
            await rpc.call("GetQueueStats", queue_name="emails")
    pushed = [(await org.push())["id"] for _ in range(10)]

    assert not {"claim_jobs", "next_look"} & set(asked)
    assert sorted([(await next_of(stream)).id for stream in streams]) == sorted(pushed)


async def test_streams_and_calls_that_ask_together_have_a_job_each(
    core: Core, rpc: Rpc, org: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Streams that are woken at once, and calls that come meanwhile, share statements and no job."""
    streams = [streaming(rpc, worker_id=f"w{number}") for number in range(20)]
    await until_consumers_wait(core, 20)
    names = asked(core, monkeypatch)

    pushed = await org.post("/jobs/bulk", {"queue_name": "emails", "jobs": [{"payload": {}}] * 40})
    calls = [rpc.call("Dequeue", queue_name="emails", worker_id=f"c{n}", batch_size=1) for n in range(20)]
    by_calls = [job for answer in await asyncio.gather(*calls) for job in answer.jobs]
    by_streams = await asyncio.gather(*[next_of(stream) for stream in streams])

    assert [job.assigned_worker_id for job in by_streams] == [f"w{number}" for number in range(20)]
    assert len(by_calls) == 20
    ids_taken = sorted(job.id for job in [*by_calls, *by_streams])
    assert ids_taken == sorted(job["job_id"] for job in pushed["succeeded"])
    assert names.count("claim_jobs") < 30


@pytest.mark.parametrize("holds_a_job", [True, False])
async def test_a_revoked_key_ends_its_streams(
    rpc: Rpc, org: Tenant, core: Core, *, holds_a_job: bool
) -> None:
    """Whether it waits or has a job in flight, a stream ends with UNAUTHENTICATED when its key is revoked."""
    made = await org.post(f"/organizations/{org.org_id}/api-keys", {"name": "Stream"}, 201)
    stream = streaming(rpc.with_key(made["key"]))
    if holds_a_job:
        await org.push()
        await next_of(stream)
    else:
        await until_consumers_wait(core)
    await org.delete(f"/api-keys/{made['id']}")

    assert (await end_of(stream))[0] == "UNAUTHENTICATED"


async def test_a_key_that_is_revoked_while_its_stream_is_opened(
    rpc: Rpc, org: Tenant, core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was good when it was looked at, and the stream ends all the same."""
    made = await org.post(f"/organizations/{org.org_id}/api-keys", {"name": "Stream", "rate_limit": 9}, 201)
    take = core.rates.take

    async def revoked_meanwhile(rates: Sequence[Rate], now: datetime) -> Taken:
        await org.delete(f"/api-keys/{made['id']}")
        return await take(rates, now)

    monkeypatch.setattr(core.rates, "take", revoked_meanwhile)

    assert (await end_of(streaming(rpc.with_key(made["key"]))))[0] == "UNAUTHENTICATED"


async def test_a_key_held_to_other_queues_is_refused(rpc: Rpc, org: Tenant) -> None:
    """The queue scope of a key applies."""
    narrow = await org.with_key(queues=["other"])

    assert (await end_of(streaming(rpc.with_key(narrow.key))))[0] == "PERMISSION_DENIED"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"queue_name": ""}, "Queue name"),
        ({"queue_name": "a b"}, "Queue name"),
        ({"worker_id": ""}, "Worker ID"),
        ({"lease_duration_secs": 4}, "lease_duration_secs"),
    ],
)
async def test_bounds_of_a_stream(rpc: Rpc, fields: dict[str, Any], said: str) -> None:
    """What is out of its bounds is INVALID_ARGUMENT before anything is sent."""
    code, text = await end_of(streaming(rpc, **fields))

    assert code == "INVALID_ARGUMENT"
    assert said in text
