"""What is said of a run, and how it reaches the service while the lease lives."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.command.errors import ApiError, CommandError
from shared.command.exits import Exit
from shared.command.kinds import parsed_json
from shared.command.patience import pause_before
from shared.command.worker.lease import Lease
from shared.command.worker.plan import Plan
from shared.command.worker.program import Ended
from shared.command.worker.service import LONGEST_ERROR, Held, WorkerService, is_gone


class Outcome(StrEnum):
    """What became of a job."""

    COMPLETED = "completed"
    FAILED = "failed"
    """It will be tried again."""
    DEAD = "deadletter"
    LOST = "lost"
    """The lease ended: another worker may have it, and nothing was reported."""
    RELEASED = "released"
    """Given back, its attempt not used."""


@dataclass(frozen=True)
class Verdict:
    """What a run means for its job."""

    error: str | None
    """None when it is done."""
    result: Any = None
    no_retry: bool = False


def verdict_of(ended: Ended, plan: Plan, *, overtime: float | None) -> Verdict:
    """`overtime`: the seconds it was allowed, when it was stopped after them."""
    if overtime is not None:
        return Verdict(_error(f"Job timeout exceeded: {overtime:g} s", ended))
    if ended.signal_name:
        return Verdict(_error(f"killed by {ended.signal_name}", ended))
    if ended.code:
        return Verdict(_error(f"exit code {ended.code}", ended), no_retry=ended.code in plan.no_retry_codes)
    return Verdict(None, result_of(ended))


def result_of(ended: Ended) -> Any:
    """Standard output when it is JSON, None otherwise."""
    try:
        return parsed_json((ended.output or b"").decode())
    except ValueError:
        return None


def _error(what: str, ended: Ended) -> str:
    """What happened and the last lines that the program wrote, as many as there is room for."""
    said = ended.tail.decode(errors="replace").replace("\0", " ").strip()
    room = LONGEST_ERROR - len(what) - 2
    if len(said) > room:
        # From the beginning of a line, when there is one.
        said = said[-room:]
        said = said.partition("\n")[2] or said
    return f"{what}: {said}" if said else what


async def settle(
    service: WorkerService, lease: Lease, verdict: Verdict, note: Callable[[str], None]
) -> Outcome:
    """Tell the service, again and again for as long as the lease lives."""
    held, result, tries, is_last = lease.held, verdict.result, 1, False
    while True:
        try:
            return await _tell(service, held, verdict, result)
        except CommandError as error:
            if is_gone(error):
                return _outcome_of_gone(error, verdict, is_first=tries == 1)
            if isinstance(error, ApiError) and error.exit is Exit.FAILED and result is not None:
                note(f"{held.id}: its result is left out: {error.message}")
                result = None
                continue
            tries += 1
            pause = pause_before(tries, error)
            if is_last or not lease.left:
                note(f"{held.id} could not be reported before its lease ended: {error.message}")
                return Outcome.LOST
            if tries == 2:  # noqa: PLR2004 - the first time
                note(f"{held.id} is done and will be reported later: {error.message}")
            # Whatever became of the tries before, one at the end of the lease says it.
            is_last = lease.left <= pause
            await asyncio.sleep(min(pause, lease.left))


async def _tell(service: WorkerService, held: Held, verdict: Verdict, result: Any) -> Outcome:
    if verdict.error is None:
        await service.complete(held, result)
        return Outcome.COMPLETED
    will_retry = await service.fail(held, verdict.error, no_retry=verdict.no_retry)
    return Outcome.FAILED if will_retry else Outcome.DEAD


def _outcome_of_gone(error: CommandError, verdict: Verdict, *, is_first: bool) -> Outcome:
    """A job that is not ours any more was lost, unless a try whose answer got lost has settled it."""
    if is_first:
        return Outcome.LOST
    if verdict.error is None and "already completed" in error.message:
        return Outcome.COMPLETED
    return Outcome.DEAD if verdict.error and "already deadletter" in error.message else Outcome.LOST
