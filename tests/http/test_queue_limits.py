"""A queue's concurrency and rate bind every claim, whoever asks and however many at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

import shared.jobs.claim
from shared import ids
from shared.core import Core
from shared.edge.opening import open_core
from shared.events.line import Waiter
from shared.jobs.claim import Claim
from shared.jobs.claim_wait import claim_jobs
from shared.jobs.refusal import Hold
from shared.jobs.settle import Completion, complete_jobs
from shared.settings import Settings
from shared.tenants.caller import Caller
from tests.support.api import Tenant
from tests.support.clock import MovingClock
from tests.support.until import until

SOON = 10
"""Seconds that are far below the wait that is asked for."""


@pytest.fixture
async def other_core(settings: Settings) -> AsyncIterator[Core]:
    """A second process."""
    opened = await open_core(settings)
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def only_wake_ups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks again at a full queue by itself, so that a test sees whether it was woken."""
    monkeypatch.setattr(shared.jobs.claim, "_FULL_PAUSE", timedelta(minutes=1))


class Asleep:
    """Counts the consumers that have looked, found nothing, and wait to be woken."""

    def __init__(self) -> None:
        self.count = 0

    def counting(self, rest: Callable[[Waiter, float | None], Awaitable[Any]]) -> Callable[..., Any]:
        async def counted(waiter: Waiter, seconds: float | None) -> Any:
            self.count += 1
            try:
                return await rest(waiter, seconds)
            finally:
                self.count -= 1

        return counted

    async def are(self, count: int) -> None:
        async def asleep() -> bool:
            return self.count == count

        await until(asleep)


@pytest.fixture
def asleep(monkeypatch: pytest.MonkeyPatch) -> Asleep:
    spy = Asleep()
    monkeypatch.setattr(Waiter, "rest", spy.counting(Waiter.rest))
    return spy


def caller_of(org: Tenant) -> Caller:
    return Caller(ids.decode("org", org.org_id), 1)


async def limited(org: Tenant, jobs: int, **limits: int) -> None:
    await org.post("/queues", {"name": "emails", **limits}, 201)
    if jobs:
        bulk = {"queue_name": "emails", "jobs": [{"payload": n} for n in range(jobs)]}
        await org.post("/jobs/bulk", bulk)


async def test_never_more_than_n_run_at_once(
    core: Core, other_core: Core, settings: Settings, org: Tenant
) -> None:
    """Of twelve consumers in two processes, one job or batches, at most three jobs run at any moment."""
    await limited(org, 60, concurrency=3)
    caller, most, done = caller_of(org), 0, 0

    async def running(watch: psycopg.AsyncConnection[Any]) -> int:
        cursor = await watch.execute(
            "SELECT count(*) FROM job WHERE org_id = %s AND state = 'processing'", (caller.org_id,)
        )
        (count,) = await cursor.fetchone()  # type: ignore[misc]
        return int(count)

    async def consume(process: Core, number: int) -> None:
        nonlocal most, done
        async with await psycopg.AsyncConnection.connect(settings.database_url, autocommit=True) as watch:
            while done < 60:
                wanted = Claim("emails", f"w{number}", 1 + number % 5, wait_seconds=0.2)
                jobs = await claim_jobs(process, caller, wanted)
                most = max(most, len(jobs), await running(watch))
                holds = [
                    Hold(ids.decode("job", job["id"]), ids.decode("lease", job["lease_id"])) for job in jobs
                ]
                if holds:
                    outcomes = await complete_jobs(
                        process, caller, None, [Completion(hold) for hold in holds], process.clock()
                    )
                    done += sum(outcome.refused is None for outcome in outcomes)

    await asyncio.gather(*(consume((core, other_core)[n % 2], n) for n in range(12)))

    assert (most, done) == (3, 60)


async def test_never_more_than_the_rate_starts(core: Core, other_core: Core, org: Tenant) -> None:
    """At one instant a burst of the rate starts; later, what the bucket gained, at most a burst again."""
    await limited(org, 100, rate_limit=5)
    caller, instant = caller_of(org), datetime.now(UTC)

    async def started_at(now: datetime) -> int:
        processes = [replace(process, clock=lambda: now) for process in (core, other_core)]
        claims = [
            claim_jobs(processes[n % 2], caller, Claim("emails", f"w{n}", 1 + n % 3)) for n in range(20)
        ]
        return sum(map(len, await asyncio.gather(*claims)))

    instants = [instant + timedelta(seconds=seconds) for seconds in (0, 0, 0.2, 0.3, 0.4, 10.4, 10.4)]

    assert [await started_at(now) for now in instants] == [5, 0, 1, 0, 1, 5, 0]


async def test_who_waits_has_the_next_token(core: Core, other_core: Core, org: Tenant) -> None:
    """Consumers that wait take all jobs as fast as the rate allows and not faster."""
    await limited(org, 40, rate_limit=20)
    caller = caller_of(org)
    starts: list[datetime] = []

    async def consume(process: Core, number: int) -> None:
        while len(starts) < 40:
            jobs = await claim_jobs(process, caller, Claim("emails", f"w{number}", wait_seconds=2))
            starts.extend(job["started_at"] for job in jobs)

    await asyncio.wait_for(asyncio.gather(*(consume((core, other_core)[n % 2], n) for n in range(4))), 30)

    starts.sort()
    assert len(starts) == 40
    for first, begin in enumerate(starts):
        for last in range(first, 40):
            allowed = 20 + 20 * (starts[last] - begin).total_seconds()
            assert last - first + 1 <= allowed + 0.01


async def test_both_limits_bind(org: Tenant, clock: MovingClock) -> None:
    """The smaller of what concurrency and rate leave is what a claim gets."""
    await limited(org, 20, concurrency=6, rate_limit=4)
    claim = {"queue_name": "emails", "worker_id": "w1", "limit": 10}
    first = (await org.post("/jobs/claim", claim))["jobs"]
    clock.advance(seconds=30)
    second = (await org.post("/jobs/claim", claim))["jobs"]
    clock.advance(seconds=30)
    third = (await org.post("/jobs/claim", claim))["jobs"]

    assert [len(first), len(second), len(third)] == [4, 2, 0]


@pytest.mark.parametrize("how", ["complete", "dead letter", "release"])
@pytest.mark.parametrize("where", ["here", "in another process"])
async def test_a_place_that_is_freed_wakes_who_waits(
    core: Core, other_core: Core, org: Tenant, asleep: Asleep, how: str, where: str
) -> None:
    """At a full queue the end of one job starts the next one at once."""
    await limited(org, 2, concurrency=1)
    held = await org.dequeue()
    process = core if where == "here" else other_core
    consumer = asyncio.create_task(
        claim_jobs(process, caller_of(org), Claim("emails", "w2", wait_seconds=20))
    )
    await asleep.are(1)
    path = f"/jobs/{held['id']}"
    if how == "complete":
        await org.post(f"{path}/complete")
    elif how == "dead letter":
        await org.post(f"{path}/fail", {"error": "x", "no_retry": True})
    else:
        await org.post(f"{path}/release", {"delay_seconds": 60})

    (job,) = await asyncio.wait_for(consumer, SOON)
    assert job["id"] != held["id"]


async def test_a_batch_that_ends_wakes_as_many_as_it_frees(org: Tenant, asleep: Asleep) -> None:
    """Three jobs that are completed together let three consumers go on."""
    await limited(org, 6, concurrency=3)
    held = (await org.post("/jobs/claim", {"queue_name": "emails", "worker_id": "w1", "limit": 9}))["jobs"]
    consumers = [asyncio.create_task(org.dequeue(wait_seconds=20)) for _ in range(3)]
    await asleep.are(3)
    await org.post("/jobs/complete", {"jobs": [{"id": job["id"]} for job in held]})
    taken = await asyncio.wait_for(asyncio.gather(*consumers), SOON)

    assert len(held) == 3
    assert len({job["id"] for job in [*held, *taken]}) == 6


async def test_complete_and_claim_next_goes_on_in_a_full_queue(org: Tenant) -> None:
    """The place that a worker frees is its own for the next job, and no more than its own."""
    await limited(org, 5, concurrency=1)
    held = await org.dequeue()
    more = {"queue_name": "emails", "limit": 5}
    done = await org.post(f"/jobs/{held['id']}/complete", {"worker_id": "w1", "claim_next": more})

    assert len(done["next"]) == 1
    assert await org.dequeue() is None


async def test_a_lapsed_lease_frees_its_place(org: Tenant, clock: MovingClock) -> None:
    """A worker that died does not hold a place for ever."""
    await limited(org, 2, concurrency=1)
    first = await org.dequeue(lease_duration_secs=5)
    assert await org.dequeue() is None
    clock.advance(seconds=6)
    second = await org.dequeue()

    assert second["id"] != first["id"]
    assert await org.dequeue() is None


async def test_a_change_of_the_limit_holds_at_once(org: Tenant, asleep: Asleep) -> None:
    """Who waits at a full queue goes on when the limit is raised or taken off."""
    await limited(org, 3, concurrency=1)
    await org.dequeue()
    for change in ({"concurrency": 2}, {"settings": {"concurrency": None}}):
        consumer = asyncio.create_task(org.dequeue(wait_seconds=20))
        await asleep.are(1)
        await org.put("/queues/emails/config", change)
        assert await asyncio.wait_for(consumer, SOON) is not None


async def test_a_limited_queue_keeps_order_pause_and_priority(org: Tenant, clock: MovingClock) -> None:
    """Limits change how many are taken, not which ones, and not whether a paused queue yields any."""
    await limited(org, 0, concurrency=2, rate_limit=100)
    low, high, old, _new = [await org.push(priority=priority) for priority in (-5, 5, 0, 0)]
    await org.post("/queues/emails/pause")
    assert await org.dequeue() is None
    await org.post("/queues/emails/resume")
    first, second = await org.dequeue(), await org.dequeue()
    assert await org.dequeue() is None
    clock.advance(seconds=1)
    await org.post(f"/jobs/{first['id']}/complete")
    await org.post(f"/jobs/{second['id']}/complete")
    await org.dequeue()
    fourth = await org.dequeue()

    assert [high["id"], old["id"], low["id"]] == [first["id"], second["id"], fourth["id"]]


async def test_limits_are_of_one_queue_and_one_organization(org: Tenant, other_org: Tenant) -> None:
    """A full queue holds up neither another queue nor the same name elsewhere."""
    await limited(org, 2, concurrency=1)
    await org.dequeue()
    await org.push("reports")
    await other_org.push()

    assert await org.dequeue() is None
    assert await org.dequeue("reports") is not None
    assert await other_org.dequeue() is not None
