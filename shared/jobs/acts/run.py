"""Doing acts: chunk by chunk, organizations in turns, each chunk and its count in one transaction."""

import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

from shared import ids
from shared.core import Core
from shared.errors import (
    FaultError,
    ForbiddenError,
    QuotaExceededError,
    SpooledError,
    UnauthorizedError,
    UnavailableError,
)
from shared.jobs.acts.choosing import Choice
from shared.jobs.acts.kinds import Kind, checked
from shared.jobs.acts.request import ActRequest
from shared.store import SYSTEM, Row, load_queries, tenant
from shared.tenants.authenticate import caller_of_token
from shared.tenants.caller import Caller
from shared.tenants.tokens import Token

QUERIES = load_queries(__file__)
CHUNK = 500
"""Jobs of one transaction."""
_COUNTED = ("chunks", "done", "skipped", "failed", "ended")
_FOR_EVER = timedelta(days=3_650)
logger = logging.getLogger("spooled.acts")


@dataclass(slots=True)
class _Run:
    """One run of the timer.

    sizes: chunks of an act that may not be as large as others. slow: acts that took too long, and have to
    wait for the next run. uncounted: acts that cannot be counted in this one.
    """

    core: Core
    began: float
    now: datetime
    sizes: dict[tuple[int, int], int] = field(default_factory=dict)
    slow: set[tuple[int, int]] = field(default_factory=set)
    uncounted: set[tuple[int, int]] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(_COUNTED, 0)))

    def instant(self) -> datetime:
        """The instant of a chunk: a run may last for a minute."""
        return self.now + timedelta(seconds=monotonic() - self.began)


@dataclass(frozen=True, slots=True)
class _Act:
    """An act that is due, and who it is for as they are now."""

    id: int
    kind: Kind
    choice: Choice

    @property
    def caller(self) -> Caller:
        return self.choice.caller

    @property
    def statuses(self) -> tuple[str, ...]:
        return self.kind.chosen(self.choice.request)


async def run_acts(core: Core, now: datetime, budget_seconds: float) -> Counter[str]:
    """Do one chunk of an act of each organization in turn, while there are some and the budget lasts.

    Safe to run twice at once: who comes second passes by what the first one is at.
    """
    run = _Run(core, monotonic(), now)
    deadline = run.began + budget_seconds
    goes_on = True
    while goes_on:
        goes_on = False
        for row in await core.store.fetch(SYSTEM, QUERIES["find_due"]):
            if monotonic() >= deadline:
                return run.counts
            if (row["org_id"], row["id"]) not in run.slow:
                goes_on |= await _turn(run, row)
    return run.counts


async def _turn(run: _Run, row: Row) -> bool:
    """One chunk of an act; whether there was something to do."""
    key = row["org_id"], row["id"]
    size = run.sizes.get(key, CHUNK)
    try:
        act = await _opened(run, row)
    except UnauthorizedError:
        await _end(run, row, "Stopped: the key that confirmed it ended, or the person left the organization.")
        return True
    except ForbiddenError as error:
        await _end(run, row, f"Stopped: whoever confirmed it may not do this any more. {error.message}")
        return True
    try:
        if not row["is_counted"] and key not in run.uncounted:
            await _count(run, act)
        is_touched = await _do_chunk(run, act, size)
        run.sizes[key] = min(CHUNK, 2 * size)
    except QuotaExceededError as error:
        if not error.room or size == 1:
            await _end(run, row, f"Stopped: {error.message}")
        run.sizes[key] = max(1, min(error.room, size // 2))
    except UnavailableError as error:
        # Others first: it may be this one alone that takes too long.
        logger.warning("%s waits: %s", ids.encode("act", row["id"]), error)
        run.slow.add(key)
        await _postpone(run, row)
        return False
    except FaultError:
        if size == 1:
            is_touched = await _pass_over(run, act)
        run.sizes[key] = max(1, size // 2)
    else:
        return is_touched
    return True


async def _opened(run: _Run, row: Row) -> _Act:
    """Raises UnauthorizedError or ForbiddenError when who confirmed it has not the right any more."""
    token = Token(
        "access",
        row["org_id"],
        row["key_id"] or ids.UNKNOWN,
        (),
        row["created_at"],
        row["created_at"] + _FOR_EVER,
        f"act-{row['id']}",
        row["user_id"],
    )
    caller = await caller_of_token(run.core, token, run.instant())
    request = ActRequest.of_row(row)
    kind = checked(caller, request)
    return _Act(row["id"], kind, Choice(caller, request, row["id"], row["previewed_at"]))


async def _count(run: _Run, act: _Act) -> None:
    """How many there are, of more than a preview counts; without it the act goes on all the same."""
    counting = act.choice.counting(act.statuses, run.instant(), None)
    try:
        rows = await run.core.store.fetch(act.caller.scope, counting.query, **counting.parameters)
    except SpooledError as error:
        logger.warning("the jobs of %s are not counted: %s", ids.encode("act", act.id), error)
        run.uncounted.add((act.caller.org_id, act.id))
        return
    matched = sum(row["jobs"] for row in rows)
    await run.core.store.fetch(
        act.caller.scope, QUERIES["note_matched"], org_id=act.caller.org_id, id=act.id, matched=matched
    )


async def _do_chunk(run: _Run, act: _Act, size: int) -> bool:
    """Change the next jobs and count them, in one transaction; False when another timer is at it."""
    now, arguments = run.instant(), act.choice.request.arguments
    async with run.core.store.transaction(act.caller.scope, hot=True) as transaction:
        locked = await transaction.fetch_one(QUERIES["lock_act"], org_id=act.caller.org_id, id=act.id)
        if locked is None:
            return False
        reached = locked["reached_id"]
        page: list[int] = []
        if act.statuses:
            following = act.choice.next_page(act.statuses, reached, size, now)
            page = [row["id"] for row in await transaction.fetch(following.query, **following.parameters)]
        rows = await act.kind.change(transaction, act.caller, page, arguments, now) if page else []
        done = len({row["id"] for row in rows}.intersection(page))
        is_last = len(page) < size
        await transaction.fetch(
            QUERIES["advance_act"],
            org_id=act.caller.org_id,
            id=act.id,
            done=done,
            skipped=len(page) - done,
            failed=0,
            reached_id=page[-1] if page else reached,
            is_last=is_last,
            now=now,
        )
    act.kind.after(run.core, act.caller, arguments, rows)
    run.counts.update(chunks=1, done=done, skipped=len(page) - done, ended=is_last)
    return True


async def _pass_over(run: _Run, act: _Act) -> bool:
    """The database refuses to change the next job: it is counted as failed and stops no other."""
    now = run.instant()
    async with run.core.store.transaction(act.caller.scope, hot=True) as transaction:
        locked = await transaction.fetch_one(QUERIES["lock_act"], org_id=act.caller.org_id, id=act.id)
        if locked is None:
            return False
        following = act.choice.next_page(act.statuses, locked["reached_id"], 1, now)
        page = await transaction.fetch(following.query, **following.parameters)
        await transaction.fetch(
            QUERIES["advance_act"],
            org_id=act.caller.org_id,
            id=act.id,
            done=0,
            skipped=0,
            failed=len(page),
            reached_id=page[0]["id"] if page else locked["reached_id"],
            is_last=not page,
            now=now,
        )
    logger.error("%s: a job cannot be changed", ids.encode("act", act.id))
    run.counts.update(failed=len(page))
    return True


async def _end(run: _Run, row: Row, error: str) -> None:
    await run.core.store.fetch(
        tenant(row["org_id"]),
        QUERIES["end_act"],
        org_id=row["org_id"],
        id=row["id"],
        error=error,
        now=run.instant(),
    )
    run.counts.update(ended=1)


async def _postpone(run: _Run, row: Row) -> None:
    await run.core.store.fetch(
        tenant(row["org_id"]),
        QUERIES["postpone_act"],
        org_id=row["org_id"],
        id=row["id"],
        now=run.instant(),
    )
