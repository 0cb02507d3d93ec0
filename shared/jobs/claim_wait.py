"""Waiting for jobs: a claim that finds nothing stands in line until there is something."""

import contextlib
from asyncio import CancelledError
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from shared.core import Core
from shared.errors import SpooledError
from shared.events.line import Line, Waiter
from shared.give_way import MANY, give_way
from shared.jobs.claim import Claim, claim_due, recover_and_claim, see_to_front
from shared.jobs.claiming import claiming
from shared.jobs.give_back import give_back, kept_or_given_back
from shared.jobs.hand_over import Wish
from shared.jobs.refusal import Outcome, Settling, settle
from shared.limits.body_room import BodyRoom
from shared.tenants.caller import Caller

LONGEST_WAIT_SECONDS = 20
_UNTOLD_PAUSE = timedelta(seconds=1)
"""Where nobody tells what other processes push."""


async def _never_gone() -> bool:
    return False


async def claim_jobs(
    core: Core, caller: Caller, claim: Claim, client_is_gone: Callable[[], Awaitable[bool]] = _never_gone
) -> list[dict[str, Any]]:
    """Take up to `limit` due jobs, highest priority first, then oldest.

    With nothing due it first recovers the queue's lapsed leases and looks once more, then waits up to
    `wait_seconds` for a job: handed one that is made, or woken by what makes one claimable. Of those who
    wait for a queue in a process one looks when something falls due, and each second where nobody tells of
    other processes. A client that has gone claims nothing, and when this is cancelled, what was taken is
    given back. An unknown, paused or disabled queue, or one that the key is not for, yields nothing.
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
    if len(settling.said) > MANY:
        await give_way()
    if claim is None or not caller.may_use_queue(claim.queue):
        return (await settle(core, caller, settling, now))[0], []
    deadline = _deadline(core, claim)
    with contextlib.suppress(SpooledError):
        await see_to_front(core, caller, claim.queue, core.clock())
    # Not as of the settle, which may have stood in line: a lease has its whole length.
    taking = claiming(core, caller, claim, core.clock(), after=after, follows=True)
    outcomes, (rows,) = await settle(core, caller, settling, now, [taking.statement])
    taking.learn(rows)
    jobs = [taking.told(row, claim) for row in rows]
    is_settled = after is None or all(outcome.refused is None for outcome in outcomes)
    if is_settled and not jobs:
        with contextlib.suppress(SpooledError):
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
    """Recover, look again, and wait until the deadline; not with room that others need."""
    if BodyRoom.is_needed() or (claim.wait_seconds is not None and claim.wait_seconds <= 0):
        return await kept_or_given_back(core, caller, _look_once(core, caller, claim))
    jobs: list[dict[str, Any]] = []
    wakeups, wish = core.wakeups, Wish(caller, claim, client_is_gone)
    try:
        with wakeups.waiting(caller.org_id, claim.queue, wish) as waiter:
            async with wakeups.listening(caller.org_id, claim.queue) as others_are_heard:
                jobs = await _await_in_line(core, wish, deadline, waiter, others_are_heard)
    except CancelledError:
        await give_back(core, caller, jobs)
        raise
    return jobs


async def _look_once(core: Core, caller: Caller, claim: Claim) -> list[dict[str, Any]]:
    return (await recover_and_claim(core, caller, claim, core.clock()))[0]


async def _await_in_line(
    core: Core, wish: Wish, deadline: datetime | None, waiter: Waiter, others_are_heard: Callable[[], bool]
) -> list[dict[str, Any]]:
    """When this is cancelled, what was taken is given back."""
    while True:
        is_called = waiter.stand()
        trying = _try(core, wish, waiter, others_are_heard, is_called=is_called)
        jobs = await kept_or_given_back(core, wish.caller, trying)
        now = core.clock()
        is_over = deadline is not None and now >= deadline
        if jobs or is_over or await wish.client_is_gone():
            return jobs
        next_look = waiter.line.next_look if waiter.looks else None
        ahead = [instant for instant in (deadline, next_look) if instant is not None]
        core.fair.step_aside()
        jobs = await _rest(core, wish, waiter, (min(ahead) - now).total_seconds() if ahead else None)
        # Before it stands again: a call that it does not take goes on to the next.
        if jobs or await wish.client_is_gone():
            return jobs


async def _try(
    core: Core, wish: Wish, waiter: Waiter, others_are_heard: Callable[[], bool], *, is_called: bool
) -> list[dict[str, Any]]:
    """Who was called takes what there is; the lookout also sees to what lies ahead, for all who wait."""
    line = waiter.line
    if is_called:
        jobs = await claim_due(core, wish.caller, wish.claim, core.clock())
        if jobs:
            line.yields = True
            return jobs
        line.doubt()
    if not waiter.is_lookout():
        return []
    now = core.clock()
    if line.is_doubtful or (line.next_look is not None and line.next_look <= now):
        return await _look(core, wish, line, now, hears=others_are_heard())
    return []


async def _look(core: Core, wish: Wish, line: Line, now: datetime, *, hears: bool) -> list[dict[str, Any]]:
    line.is_doubtful = False
    try:
        jobs, next_look = await recover_and_claim(core, wish.caller, wish.claim, now)
    except SpooledError:
        line.is_doubtful = True
        raise
    # There may be more where these came from.
    line.is_doubtful = line.is_doubtful or bool(jobs)
    line.next_look = next_look if hears else min(now + _UNTOLD_PAUSE, next_look or now + _UNTOLD_PAUSE)
    return jobs


async def _rest(core: Core, wish: Wish, waiter: Waiter, seconds: float | None) -> list[dict[str, Any]]:
    """Wait, and return what was handed over meanwhile."""
    try:
        return await waiter.rest(None if seconds is None else max(seconds, 0.001)) or []
    except CancelledError:
        await give_back(core, wish.caller, waiter.let_go() or [])
        raise
