"""Consumers that wait for one queue in one process: one of them looks, and none is forgotten."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any

import psycopg
import pytest

from shared.core import Core
from shared.edge.opening import open_core
from shared.jobs.claim import Claim
from shared.jobs.claim_wait import claim_jobs
from shared.settings import Settings
from shared.tenants.caller import Caller
from tests.support.api import Tenant
from tests.support.asked import asked
from tests.support.until import until, until_consumers_wait

SOON = 8
"""Seconds that are far below the wait that is asked for."""
ENDLESS = None


@pytest.fixture
async def alone(settings: Settings) -> AsyncIterator[Core]:
    """A process without Redis."""
    opened = await open_core(settings.model_copy(update={"redis_url": "none"}))
    yield opened
    await opened.close()


async def waiting(core: Core, caller: Caller, count: int, worker: str = "w") -> list[asyncio.Task[Any]]:
    """So many consumers that wait without an end, the first of them in front."""
    consumers = []
    for number in range(count):
        claim = Claim("emails", f"{worker}{number}", wait_seconds=ENDLESS)
        consumers.append(asyncio.create_task(claim_jobs(core, caller, claim)))
        await until_consumers_wait(core, number + 1)
    return consumers


async def gone(consumers: list[asyncio.Task[Any]]) -> None:
    for consumer in consumers:
        consumer.cancel()
    await asyncio.gather(*consumers, return_exceptions=True)


async def test_without_redis_one_looks_for_all(
    alone: Core, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty consumers of a queue cost one look a second."""
    consumers = await waiting(alone, caller, 20)
    names, before = asked(alone, monkeypatch), monotonic()

    async def has_looked() -> bool:
        return len(names) >= 3

    await until(has_looked)
    await gone(consumers)

    assert monotonic() - before > 2
    assert set(names) == {"next_look"}


async def test_with_redis_who_waits_asks_nothing(
    core: Core, caller: Caller, org: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An idle queue is not looked at: what a wait costs in the end is the claim that it was woken for."""
    consumers = await waiting(core, caller, 5)
    names = asked(core, monkeypatch)
    await org.dequeue("other", wait_seconds=1.5)
    of_the_other = list(names)
    await org.push()
    await asyncio.wait_for(consumers[0], SOON)
    await gone(consumers)

    assert "claim_jobs" in of_the_other
    assert names[len(of_the_other) :].count("claim_jobs") == 1
    assert names.count("next_look") == 1


async def test_jobs_that_fall_due_together_go_to_as_many(core: Core, caller: Caller, org: Tenant) -> None:
    """Nobody pushes at that instant; the one who looks leaves the rest to the next."""
    consumers = await waiting(core, caller, 6)
    pushed = {(await org.push(delay_seconds=1))["id"] for _ in range(6)}

    taken = await asyncio.wait_for(asyncio.gather(*consumers), SOON)

    assert {job["id"] for (job,) in taken} == pushed


async def test_another_looks_when_the_first_is_gone(core: Core, caller: Caller, org: Tenant) -> None:
    """What one consumer knew of the time ahead, the next one knows."""
    consumers = await waiting(core, caller, 3)
    job = await org.push(delay_seconds=1)
    await gone(consumers[:2])

    assert (await asyncio.wait_for(consumers[2], SOON))[0]["id"] == job["id"]


async def test_a_wake_up_of_one_who_goes_is_not_lost(core: Core, caller: Caller, org: Tenant) -> None:
    """A consumer that is cancelled in the moment of its wake-up leaves the job to the next one."""
    for _ in range(20):
        first, second = await waiting(core, caller, 2)
        core.wakeups.notify(caller.org_id, "emails")
        first.cancel()
        job = await org.push()
        assert (await asyncio.wait_for(second, SOON))[0]["id"] == job["id"]
        await gone([first])


async def test_what_a_cancelled_consumer_took_is_given_back(
    core: Core, caller: Caller, org: Tenant, settings: Settings
) -> None:
    """A claim that is under way when its consumer goes does not hold the job until the lease lapses."""
    first, second = (await org.push())["id"], (await org.push())["id"]
    async with await psycopg.AsyncConnection.connect(settings.database_url) as blocker:
        await blocker.execute("LOCK TABLE job IN EXCLUSIVE MODE")
        consumer = asyncio.create_task(claim_jobs(core, caller, Claim("emails", "w", wait_seconds=ENDLESS)))

        async def is_held_up() -> bool:
            cursor = await blocker.execute(
                "SELECT count(*) FROM pg_locks"
                " WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            return await cursor.fetchone() != (0,)

        await until(is_held_up)
        consumer.cancel()
        await blocker.rollback()
    with pytest.raises(asyncio.CancelledError):
        await consumer

    given_back = await org.job(first)
    assert (given_back["status"], given_back["attempts"]) == ("pending", 0)
    assert [(await org.dequeue())["id"] for _ in range(2)] == [first, second]
