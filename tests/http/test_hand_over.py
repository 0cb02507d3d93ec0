"""Who waits for a job is handed one in the transaction that makes it, and nothing else becomes of either."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from shared import ids
from shared.core import Core
from shared.edge.opening import open_core
from shared.errors import InvalidInputError, UnauthorizedError
from shared.events.line import Line
from shared.jobs.claim import Claim
from shared.jobs.claim_wait import claim_jobs
from shared.jobs.enqueue import NewJob, enqueue_jobs
from shared.settings import Settings
from shared.tenants.caller import Caller
from tests.support.api import Tenant
from tests.support.asked import asked
from tests.support.until import until, until_consumers_wait

SOON = 8
"""Seconds that are far below the wait that is asked for."""
FAIL_IN_THE_SAME_TRANSACTION = """
CREATE FUNCTION fail_in_the_same_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.created_at = NEW.started_at OR OLD.xmin = pg_current_xact_id()::xid THEN
        RAISE EXCEPTION 'made and claimed at once';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fail_in_the_same_transaction BEFORE UPDATE ON job
    FOR EACH ROW EXECUTE FUNCTION fail_in_the_same_transaction();
"""
AS_IT_WAS = "DROP FUNCTION fail_in_the_same_transaction CASCADE"
Waiting = asyncio.Task[list[dict[str, Any]]]


async def waiting(core: Core, caller: Caller, count: int = 1, limit: int = 1) -> list[Waiting]:
    """So many consumers that wait, the first of them in front."""
    consumers = []
    for number in range(count):
        claim = Claim("emails", f"w{number}", limit, 60, wait_seconds=20)
        consumers.append(asyncio.create_task(claim_jobs(core, caller, claim)))
        await until_consumers_wait(core, number + 1)
        await until_itrests(core)
    return consumers


async def until_itrests(core: Core) -> None:
    """Until all who wait have looked, and wait for a push."""

    async def do_rest() -> bool:
        return all(waiter.rests for line in core.wakeups._lines.values() for waiter in line._waiters)

    await until(do_rest)


async def push(core: Core, caller: Caller, **fields: Any) -> str:
    """The id of a new job."""
    (made,) = await enqueue_jobs(core, caller, [NewJob("emails", "{}", **fields)], core.clock())
    return ids.encode("job", made.job_id)


async def taken(consumer: Waiting) -> list[str]:
    return [job["id"] for job in await asyncio.wait_for(asyncio.shield(consumer), SOON)]


@asynccontextmanager
async def nothing_is_made(settings: Settings) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """No job comes into being before the block ends."""
    async with await psycopg.AsyncConnection.connect(settings.database_url) as blocker:
        await blocker.execute("LOCK TABLE job IN SHARE MODE")
        yield blocker
        await blocker.rollback()


async def until_held_up(blocker: psycopg.AsyncConnection[Any]) -> None:
    async def is_held_up() -> bool:
        cursor = await blocker.execute(
            "SELECT count(*) FROM pg_locks"
            " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        return await cursor.fetchone() != (0,)

    await until(is_held_up)


async def test_a_job_is_made_and_claimed_in_one_round_trip(
    core: Core, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing more is asked of the database for who waits, and the lease is what it asked for."""
    (consumer,) = await waiting(core, caller)
    names = asked(core, monkeypatch)
    job_id = await push(core, caller)
    (job,) = await asyncio.wait_for(consumer, SOON)

    assert names == ["enqueue_jobs", "claim_jobs"]
    assert (job["id"], job["worker_id"], job["attempts"]) == (job_id, "w0", 1)
    assert job["leased_until"] - job["started_at"] == timedelta(seconds=60)
    assert job["created_at"] <= job["started_at"]


async def test_who_waits_is_served_in_turn(core: Core, caller: Caller) -> None:
    """Each push serves the one who has waited for longest, and nobody else."""
    consumers = await waiting(core, caller, 4)
    for number, consumer in enumerate(consumers):
        job_id = await push(core, caller)
        assert await taken(consumer) == [job_id]
        assert not any(later.done() for later in consumers[number + 1 :])


async def test_what_stands_first_is_handed_over(core: Core, caller: Caller, settings: Settings) -> None:
    """A job that was there before, unheard of, goes first; the new one to the next who waits."""
    deaf = await open_core(settings.model_copy(update={"redis_url": "none"}), core.clock)
    try:
        first, second = await waiting(core, caller, 2)
        older = await push(deaf, caller, priority=1)
        newer = await push(core, caller)

        assert await taken(first) == [older]
        assert await taken(second) == [newer]
    finally:
        await deaf.close()


async def test_who_takes_several_is_handed_all_that_are_due(
    core: Core, caller: Caller, settings: Settings
) -> None:
    """A consumer of batches has what is there, in its order."""
    deaf = await open_core(settings.model_copy(update={"redis_url": "none"}), core.clock)
    try:
        (consumer,) = await waiting(core, caller, limit=5)
        older = [await push(deaf, caller) for _ in range(3)]
        newer = await push(core, caller, priority=3)

        assert await taken(consumer) == [newer, *older]
    finally:
        await deaf.close()


async def test_a_paused_queue_hands_nothing_over(core: Core, caller: Caller, org: Tenant) -> None:
    """Who waits for it waits on, and has the job when the queue goes on."""
    await org.push("emails")
    await org.dequeue("emails")
    await org.post("/queues/emails/pause")
    (consumer,) = await waiting(core, caller)
    pushed = [await push(core, caller) for _ in range(2)]
    await until_consumers_wait(core)
    assert [(await org.job(job_id))["status"] for job_id in pushed] == ["pending"] * 2
    await org.post("/queues/emails/resume")

    assert await taken(consumer) == pushed[:1]


async def test_a_limit_of_the_queue_holds(core: Core, caller: Caller, org: Tenant) -> None:
    """A queue that runs one job at a time hands nobody a second one."""
    await org.put("/queues/emails/config", {"concurrency": 1})
    first, second = await waiting(core, caller, 2)
    pushed = [await push(core, caller) for _ in range(2)]
    done = await taken(first)
    await until_consumers_wait(core)
    states = sorted([(await org.job(job_id))["status"] for job_id in pushed])
    await org.post(f"/jobs/{done[0]}/complete", {})

    assert states == ["pending", "processing"]
    assert sorted([*done, *await taken(second)]) == sorted(pushed)


async def test_a_job_for_later_is_not_handed_over(core: Core, caller: Caller) -> None:
    """It comes to who waits when it is due, and not before."""
    (consumer,) = await waiting(core, caller)
    due = core.clock() + timedelta(seconds=0.4)
    job_id = await push(core, caller, run_at=due)
    (job,) = await asyncio.wait_for(consumer, SOON)

    assert (job["id"], job["started_at"] >= due) == (job_id, True)


async def test_a_known_key_disturbs_nobody(core: Core, caller: Caller) -> None:
    """A push that makes no job leaves who waits where it stands."""
    await push(core, caller, idempotency_key="once")
    await claim_jobs(core, caller, Claim("emails", "w"))
    first, second = await waiting(core, caller, 2)
    await push(core, caller, idempotency_key="once")
    fresh = await push(core, caller)

    assert await taken(first) == [fresh]
    assert not second.done()
    last = await push(core, caller)
    assert await taken(second) == [last]


async def test_a_claim_that_fails_costs_no_job(core: Core, caller: Caller, settings: Settings) -> None:
    """The job is made all the same, once, and comes to who waits by a claim of its own."""
    (consumer,) = await waiting(core, caller)
    owner = settings.owner_database_url or settings.database_url
    async with await psycopg.AsyncConnection.connect(owner, autocommit=True) as changing:
        await changing.execute(FAIL_IN_THE_SAME_TRANSACTION)
        try:
            job_id = await push(core, caller)
            assert await taken(consumer) == [job_id]
        finally:
            await changing.execute(AS_IT_WAS)

    assert await claim_jobs(core, caller, Claim("emails", "w")) == []


async def test_a_job_that_cannot_be_made_is_refused_as_ever(core: Core, caller: Caller, org: Tenant) -> None:
    """The error is that of the push, and who waits goes on waiting."""
    (consumer,) = await waiting(core, caller)
    await org.push(status=404, parent_job_id=ids.encode("job", 1))
    with pytest.raises(InvalidInputError):
        await push(core, caller, tags="{")
    assert not consumer.done()

    later = await push(core, caller)
    assert await taken(consumer) == [later]


async def test_who_is_cancelled_meanwhile_leaves_the_job(
    core: Core, caller: Caller, org: Tenant, settings: Settings
) -> None:
    """What was made for it goes back to its place, as if it had never been taken."""
    (consumer,) = await waiting(core, caller)
    async with nothing_is_made(settings) as blocker:
        pushing = asyncio.create_task(push(core, caller))
        await until_held_up(blocker)
        consumer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await consumer
    job = await org.job(await pushing)

    assert (job["status"], job["attempts"]) == ("pending", 0)


async def test_who_is_cancelled_in_the_moment_of_it_gives_the_job_back(core: Core, caller: Caller) -> None:
    """Handed over is not had: the next who waits has the job, in its first attempt."""
    for turns in range(12):
        first, second = await waiting(core, caller, 2)
        pushing = asyncio.create_task(push(core, caller))
        line = core.wakeups._lines[caller.org_id, "emails"]

        async def is_promised(line: Line = line) -> bool:
            return len(line) == 1

        await until(is_promised)
        for _ in range(turns):
            await asyncio.sleep(0)
        first.cancel()
        job_id = await pushing
        await asyncio.wait([first])
        if first.cancelled():
            (job,) = await asyncio.wait_for(second, SOON)
            assert (job["id"], job["attempts"]) == (job_id, 1)
        else:
            assert await taken(first) == [job_id]
            second.cancel()
            await asyncio.wait([second])


async def test_who_pushes_and_goes_leaves_it_all_done(core: Core, caller: Caller, settings: Settings) -> None:
    """The job of a push that is cancelled on its way comes to who waits."""
    (consumer,) = await waiting(core, caller)
    async with nothing_is_made(settings) as blocker:
        pushing = asyncio.create_task(push(core, caller))
        await until_held_up(blocker)
        pushing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pushing

    assert len(await taken(consumer)) == 1
    assert await claim_jobs(core, caller, Claim("emails", "w")) == []


@pytest.mark.parametrize("trouble", [None, UnauthorizedError()])
async def test_who_is_not_there_any_more_is_passed_over(
    core: Core, caller: Caller, trouble: UnauthorizedError | None
) -> None:
    """A client that has gone, or lost its credential, is handed nothing: the next one is."""
    went = asyncio.Event()

    async def is_gone() -> bool:
        if went.is_set() and trouble is not None:
            raise trouble
        return went.is_set()

    gone = asyncio.create_task(claim_jobs(core, caller, Claim("emails", "gone", wait_seconds=20), is_gone))
    await until_consumers_wait(core)
    await until_itrests(core)
    claim = Claim("emails", "w", wait_seconds=20)
    consumer = asyncio.create_task(claim_jobs(core, caller, claim))
    await until_consumers_wait(core, 2)
    went.set()
    job_id = await push(core, caller)

    assert await taken(consumer) == [job_id]
    (ended,) = await asyncio.gather(gone, return_exceptions=True)
    assert ended == [] if trouble is None else ended is trouble


async def test_another_organization_is_handed_nothing(core: Core, caller: Caller, api: Any) -> None:
    """Whoever waits for a queue of the same name in another organization waits on."""
    stranger = Caller(ids.decode("org", (await api.new_tenant()).org_id), 1)
    (other,) = await waiting(core, stranger)
    job_id = await push(core, caller)

    assert not other.done()
    assert [job["id"] for job in await claim_jobs(core, caller, Claim("emails", "w"))] == [job_id]
    own = await push(core, stranger)
    assert await taken(other) == [own]


async def is_told_of_handed_over(core: Core, far: Core, caller: Caller) -> bool:
    """Whether who waits in another process is woken by a job that is handed over in this one."""
    with far.wakeups.waiting(caller.org_id, "emails") as probe:
        probe.stand()
        (consumer,) = await waiting(core, caller)
        await push(core, caller)
        await asyncio.wait_for(consumer, SOON)
        with far.wakeups.waiting(caller.org_id, "last") as last:
            last.stand()

            async def is_told() -> bool:
                core.wakeups.notify(caller.org_id, "last", 1)
                return last.woken.is_set()

            await until(is_told)
        return probe.woken.is_set()


async def test_other_processes_are_not_told_of_what_is_handed_over(
    core: Core, caller: Caller, settings: Settings
) -> None:
    """Nobody looks in vain for a job that is in good hands."""
    far = await open_core(settings, core.clock)
    try:
        # A line to Redis that broke and is back wakes all who wait, for once.
        woken = [await is_told_of_handed_over(core, far, caller) for _ in range(3)]
        assert False in woken
    finally:
        await far.close()
