"""Hand-over: who waits for a job of a queue has it in the transaction that makes one.

One round trip and one wait for the disk in the place of two, and nobody has to be woken in order to ask.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from shared.core import Core
from shared.errors import SpooledError, UnavailableError
from shared.events.line import Waiter
from shared.jobs.claim import Claim
from shared.jobs.claiming import claiming
from shared.jobs.give_back import give_back
from shared.store import Row, Scope, Statement, StoppedError
from shared.tenants.caller import Caller


@dataclass(frozen=True, slots=True)
class Wish:
    """What one who waits is to be given, and whether its client is still there to have it."""

    caller: Caller
    claim: Claim
    client_is_gone: Callable[[], Awaitable[bool]]


async def first_to_take(core: Core, org_id: int, queue: str) -> Waiter | None:
    """Who waits for a job of the queue in this process and is to have the next, promised it.

    None while claims of the queue begin at marks: what comes has to be told to these first.
    """
    waiter = core.wakeups.first_to_take(org_id, queue)
    if waiter is None or core.marks.of(org_id, queue).is_slow:
        return None
    waiter.promise()
    if not await _is_gone(waiter):
        return waiter
    waiter.disappoint()
    waiter.woken.set()
    return None


async def make_and_hand_over(
    core: Core, scope: Scope, making: Statement, waiter: Waiter, now: datetime
) -> tuple[list[Row], set[int]]:
    """Run the statement that makes a job, and claim for who waits, in one transaction.

    Returns the rows of the statement, and the ids of the jobs that were handed over: those that stand first
    in the queue, whichever they are. What nobody is there to have is given back. When the claim fails, the
    statement runs by itself. Not to be cancelled. Raises as `Store.fetch_each`.
    """
    wish: Wish = waiter.wish
    taking = claiming(core, wish.caller, wish.claim, max(now, core.clock()), follows=True)
    try:
        made, claimed = await core.store.fetch_each(scope, [making, taking.statement], briefly=True)
    except SpooledError as error:
        waiter.disappoint()
        if isinstance(error, UnavailableError) and not isinstance(error, StoppedError):
            raise  # it may have held
        (made,) = await core.store.fetch_each(scope, [making])
        return made, set()
    except BaseException:
        waiter.disappoint()
        raise
    taking.learn(claimed)
    if not claimed:
        waiter.disappoint()
    else:
        jobs = [taking.told(row, wish.claim) for row in claimed]
        if not waiter.hand(jobs):
            await give_back(core, wish.caller, jobs)
    return made, {row["id"] for row in claimed}


async def _is_gone(waiter: Waiter) -> bool:
    """It sees for itself what is the matter when that cannot be told."""
    wish: Wish = waiter.wish
    try:
        return await wish.client_is_gone()
    except Exception:  # noqa: BLE001 - what is wrong with who waits is not the pusher's
        return True
    except BaseException:
        waiter.disappoint()
        raise
