"""Claim: a worker takes the next due jobs of a queue under a lease."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.core import Core
from shared.errors import SpooledError, UnavailableError
from shared.events.line import Line, Waiter
from shared.jobs.give_back import kept_or_given_back
from shared.jobs.leases import recover_leases
from shared.jobs.model import claimed_answer
from shared.jobs.refusal import Outcome, Settling, settle
from shared.store import Statement, load_queries
from shared.tenants.caller import Caller
from shared.webhooks.outbox import telling_of_jobs

QUERIES = load_queries(__file__, told=telling_of_jobs("job.started", rows="claimed", previous="'pending'"))
_WALK = QUERIES["walk"].sql
_CLOSED = "queue.paused_at IS NOT NULL OR NOT queue.enabled"
CLAIM = QUERIES["claim_jobs"].filled(
    budget="",
    walk=_WALK,
    limit="%(limit)s",
    closed=f"{_CLOSED} OR queue.concurrency IS NOT NULL OR queue.rate_limit IS NOT NULL",
    spent="",
)
CLAIM_LIMITED = QUERIES["claim_jobs"].filled(
    budget=f"{QUERIES['budget'].sql},\n",
    walk=_WALK,
    limit="coalesce((SELECT budget.allowed FROM budget), 0)",
    closed=_CLOSED,
    spent=f",\n{QUERIES['spent'].sql}",
)
NEXT_LOOK = QUERIES["next_look"].filled(walk=_WALK)
LONGEST_WAIT_SECONDS = 20
_BUSY_PAUSE = timedelta(milliseconds=100)
"""When due jobs are in other hands at this moment, or just went back to wait for their next attempt."""
_FULL_PAUSE = timedelta(seconds=1)
"""When a queue runs as many jobs as it may: a settle wakes who waits, this is for one that was not heard."""
_UNTOLD_PAUSE = timedelta(seconds=1)
"""Where nobody tells what other processes push."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a worker asks for.

    lease_seconds: None takes the job's own timeout.
    wait_seconds: None waits for as long as the client stays.
    """

    queue: str
    worker_id: str
    limit: int = 1
    lease_seconds: int | None = None
    wait_seconds: float | None = 0


async def _never_gone() -> bool:
    return False


async def claim_jobs(
    core: Core, caller: Caller, claim: Claim, client_is_gone: Callable[[], Awaitable[bool]] = _never_gone
) -> list[dict[str, Any]]:
    """Take up to `limit` due jobs, highest priority first, then oldest.

    With nothing due it first recovers the queue's lapsed leases and looks once more, then waits up to
    `wait_seconds` for a job: woken by what makes one claimable. Of those who wait for a queue in a process
    one looks when something falls due, and each second where nobody tells of other processes. A client that
    has gone claims nothing, and when this is cancelled, what was taken is given back. An unknown, paused or
    disabled queue, or one that the key is not for, yields nothing.
    """
    if not caller.may_use_queue(claim.queue):
        return []
    deadline = _deadline(core, claim)
    taking = claim_due(core, caller, claim, core.clock())
    jobs = await kept_or_given_back(core, caller, taking)
    return jobs or await _await_jobs(core, caller, claim, deadline, client_is_gone)


async def settle_and_claim(
    core: Core,
    caller: Caller,
    settling: Settling,
    claim: Claim | None,
    now: datetime,
    client_is_gone: Callable[[], Awaitable[bool]] = _never_gone,
    *,
    after: int | None = None,
) -> tuple[list[Outcome], list[dict[str, Any]]]:
    """Settle what a worker holds and take its next jobs: one transaction and round trip when some are due.

    With `after` nothing is claimed unless that job was settled. Once the settle has held, trouble with
    the claim only means that there are no next jobs.
    """
    if claim is None or not caller.may_use_queue(claim.queue):
        return (await settle(core, caller, settling, now))[0], []
    deadline = _deadline(core, claim)
    claiming = _claiming(caller, claim, now, after=after, follows=True)
    outcomes, (rows,) = await settle(core, caller, settling, now, [claiming])
    jobs = [claimed_answer(row) for row in rows]
    is_settled = after is None or all(outcome.refused is None for outcome in outcomes)
    if is_settled and not jobs:
        with contextlib.suppress(UnavailableError):
            jobs = await _await_jobs(core, caller, claim, deadline, client_is_gone)
    return outcomes, jobs


def _deadline(core: Core, claim: Claim) -> datetime | None:
    """None for a wait without an end."""
    if claim.wait_seconds is None:
        return core.waits_end_at
    asked = core.clock() + timedelta(seconds=claim.wait_seconds)
    return min(asked, core.waits_end_at or asked)


async def _await_jobs(
    core: Core,
    caller: Caller,
    claim: Claim,
    deadline: datetime | None,
    client_is_gone: Callable[[], Awaitable[bool]],
) -> list[dict[str, Any]]:
    """Recover, look again, and wait until the deadline."""
    if claim.wait_seconds is not None and claim.wait_seconds <= 0:
        return await kept_or_given_back(core, caller, _look_once(core, caller, claim))
    with core.wakeups.waiting(caller.org_id, claim.queue) as waiter:
        waiting = _await_in_line(core, caller, claim, deadline, client_is_gone, waiter)
        return await kept_or_given_back(core, caller, waiting, waiter.go)


async def _look_once(core: Core, caller: Caller, claim: Claim) -> list[dict[str, Any]]:
    return (await _recover_and_claim(core, caller, claim, core.clock()))[0]


async def _await_in_line(
    core: Core,
    caller: Caller,
    claim: Claim,
    deadline: datetime | None,
    client_is_gone: Callable[[], Awaitable[bool]],
    waiter: Waiter,
) -> list[dict[str, Any]]:
    async with core.wakeups.listening(caller.org_id, claim.queue) as others_are_heard:
        while True:
            is_called = waiter.stand()
            jobs, next_look = await _try(core, caller, claim, waiter, others_are_heard, is_called=is_called)
            now = core.clock()
            is_over = deadline is not None and now >= deadline
            if jobs or is_over or waiter.is_going or await client_is_gone():
                return jobs
            ahead = [instant for instant in (deadline, next_look) if instant is not None]
            await _wait(waiter.woken, (min(ahead) - now).total_seconds() if ahead else None)
            # Before it stands again: a call that it does not take goes on to the next.
            if waiter.is_going or await client_is_gone():
                return []


async def _try(
    core: Core,
    caller: Caller,
    claim: Claim,
    waiter: Waiter,
    others_are_heard: Callable[[], bool],
    *,
    is_called: bool,
) -> tuple[list[dict[str, Any]], datetime | None]:
    """Who was called takes what there is; the lookout also sees to what lies ahead, for all who wait."""
    line = waiter.line
    if is_called:
        jobs = await claim_due(core, caller, claim, core.clock())
        if jobs:
            return jobs, None
        line.doubt()
    if not waiter.is_lookout():
        return [], None
    now = core.clock()
    if line.is_doubtful or (line.next_look is not None and line.next_look <= now):
        jobs, line.next_look = await _look(core, caller, claim, line, now, hears=others_are_heard())
        return jobs, line.next_look
    return [], line.next_look


async def _look(
    core: Core, caller: Caller, claim: Claim, line: Line, now: datetime, *, hears: bool
) -> tuple[list[dict[str, Any]], datetime | None]:
    line.is_doubtful = False
    try:
        jobs, next_look = await _recover_and_claim(core, caller, claim, now)
    except SpooledError:
        line.is_doubtful = True
        raise
    # There may be more where these came from.
    line.is_doubtful = line.is_doubtful or bool(jobs)
    return jobs, next_look if hears else min(now + _UNTOLD_PAUSE, next_look or now + _UNTOLD_PAUSE)


async def claim_due(core: Core, caller: Caller, claim: Claim, now: datetime) -> list[dict[str, Any]]:
    """Take what is due at this instant, in one round trip; nothing from a queue with limits."""
    (rows,) = await core.store.fetch_each(caller.scope, [_claiming(caller, claim, now)])
    return [claimed_answer(row) for row in rows]


def _claiming(
    caller: Caller, claim: Claim, now: datetime, *, after: int | None = None, follows: bool = False
) -> Statement:
    parameters = {
        "org_id": caller.org_id,
        "queue": claim.queue,
        "worker_id": claim.worker_id,
        "limit": claim.limit,
        "lease_seconds": claim.lease_seconds,
        "after": after,
        "follows": follows,
        "now": now,
    }
    return Statement(CLAIM, parameters)


async def _recover_and_claim(
    core: Core, caller: Caller, claim: Claim, now: datetime
) -> tuple[list[dict[str, Any]], datetime | None]:
    """The jobs, or else the instant at which looking again makes sense; None when only a wake-up does."""
    row = await core.store.fetch_one(
        caller.scope, NEXT_LOOK, org_id=caller.org_id, queue=claim.queue, now=now
    )
    if row is None:
        return [], None
    lapsed = row["next_lapse"] is not None and row["next_lapse"] <= now
    if lapsed:
        await recover_leases(core, caller.org_id, claim.queue, now)
    if lapsed or (row["next_due"] is not None and row["next_due"] <= now):
        if row["is_limited"]:
            return await _claim_limited(core, caller, claim, now)
        return await claim_due(core, caller, claim, now), now + _BUSY_PAUSE
    ahead = [instant for instant in (row["next_due"], row["next_lapse"]) if instant is not None]
    return [], min(ahead, default=None)


async def _claim_limited(
    core: Core, caller: Caller, claim: Claim, now: datetime
) -> tuple[list[dict[str, Any]], datetime]:
    """Take what the queue's concurrency and rate leave, or say when the next token comes."""
    claiming = _claiming(caller, claim, now)
    locking = Statement(QUERIES["lock_limited_queue"], claiming.parameters)
    locked, rows = await core.store.fetch_each(
        caller.scope, [locking, Statement(CLAIM_LIMITED, claiming.parameters)]
    )
    pause = _BUSY_PAUSE
    if locked and locked[0]["tokens"] is not None and locked[0]["tokens"] < 1:
        pause = timedelta(seconds=(1 - locked[0]["tokens"]) / locked[0]["rate_limit"])
    elif locked and locked[0]["concurrency"] is not None:
        pause = _FULL_PAUSE
    return [claimed_answer(row) for row in rows], now + pause


async def _wait(woken: asyncio.Event, seconds: float | None) -> None:
    # Not wait_for: in Python 3.11 it swallows a cancellation that comes together with the event.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(None if seconds is None else max(seconds, 0.001)):
            await woken.wait()
