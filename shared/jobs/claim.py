"""Claim: what a worker asks for, and taking it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared import ids
from shared.core import Core
from shared.give_way import each_of
from shared.jobs.claiming import (
    NEXT_LOOK,
    NEXT_LOOK_COUNTED,
    NEXT_LOOK_MARKED,
    claiming,
    claiming_limited,
    claiming_together,
)
from shared.jobs.leases import recover_leases
from shared.jobs.model import claimed_answer
from shared.marks import begin
from shared.store import Query, Row
from shared.tenants.caller import Caller
from shared.together import Kind

logger = logging.getLogger("spooled.jobs")
_BUSY_PAUSE = timedelta(milliseconds=100)
"""When due jobs are in other hands at this moment, or just went back to wait for their next attempt."""
_FULL_PAUSE = timedelta(seconds=1)
"""When a queue runs as many jobs as it may: a settle wakes who waits, this is for one that was not heard."""


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


_Asked = tuple[Claim, datetime]


async def claim_due(core: Core, caller: Caller, claim: Claim, now: datetime) -> list[dict[str, Any]]:
    """Take what is due at this instant, in one round trip; nothing from a queue with limits.

    Claims of one job each that wait at the same moment share it: the first of them has the first job.
    """

    async def alone(asked: _Asked) -> list[dict[str, Any]]:
        taking = claiming(core, caller, *asked)
        (rows,) = await core.store.fetch_each(
            caller.scope, [taking.statement], quick=claim.limit == 1, lasting=False
        )
        taking.learn(rows)
        return await each_of(rows, lambda row: taking.told(row, asked[0]))

    async def shared(all_asked: Sequence[_Asked]) -> list[list[dict[str, Any]]]:
        taking = claiming_together(core, caller, all_asked)
        (rows,) = await core.store.fetch_each(
            caller.scope, [taking.statement], briefly=True, quick=True, lasting=False
        )
        taking.learn(rows)
        job_of = {row["asker"]: taking.told(row, all_asked[row["asker"] - 1][0]) for row in rows}
        return [[job_of[asker]] if asker in job_of else [] for asker in range(1, len(all_asked) + 1)]

    await see_to_front(core, caller, claim.queue, now)
    if claim.limit > 1:
        return await alone((claim, now))
    return await core.together.do(Kind(_key("claim", caller, claim), alone, shared), (claim, now))


async def recover_and_claim(
    core: Core, caller: Caller, claim: Claim, now: datetime
) -> tuple[list[dict[str, Any]], datetime | None]:
    """The jobs, or else the instant at which looking again makes sense; None when only a wake-up does."""
    row = await _next_look(core, caller, claim, now)
    if row is None:
        return [], None
    lapsed = row["next_lapse"] is not None and row["next_lapse"] <= now
    if lapsed:
        await recover_leases(core, caller.org_id, claim.queue, now)
    if lapsed or (row["next_due"] is not None and row["next_due"] <= now):
        if row["is_limited"]:
            return await _claim_limited(core, caller, claim, now)
        return await claim_due(core, caller, claim, now), now + _BUSY_PAUSE
    front = core.marks.of(caller.org_id, claim.queue).next_front
    ahead = [instant for instant in (row["next_due"], row["next_lapse"], front) if instant is not None]
    return [], min(ahead, default=None)


async def see_to_front(core: Core, caller: Caller, queue: str, now: datetime) -> None:
    """Before a claim: where claims of the queue begin at marks, see that these leave no job out for long."""
    if core.marks.of(caller.org_id, queue).front_is_due(now):
        await _look_at_front(core, caller, queue, now, sees_leases=False)


async def _look_at_front(
    core: Core, caller: Caller, queue: str, now: datetime, *, sees_leases: bool
) -> Row | None:
    marks = core.marks.of(caller.org_id, queue)
    marks.look(now)
    try:
        row = await _look(core, caller, NEXT_LOOK_COUNTED, queue, now, is_slow=True, sees_leases=sees_leases)
    except BaseException:
        marks.not_seen()
        raise
    if row is None:
        marks.closed()
    else:
        had_marks, keys = marks.are_known, zip(row["run_ats"], row["ids"], strict=True)
        marks.seen(dict(zip(row["priorities"], keys, strict=True)), row["walked"], now)
        if marks.are_known and not had_marks:
            logger.warning(
                "claims of queue %s of %s begin at marks: an old snapshot keeps %s entries of its index",
                queue,
                ids.encode("org", caller.org_id),
                row["walked"],
            )
        elif had_marks and not marks.are_known:
            logger.info("claims of queue %s of %s are strict again", queue, ids.encode("org", caller.org_id))
    return row


async def _next_look(core: Core, caller: Caller, claim: Claim, now: datetime) -> Row | None:
    async def alone(now: datetime) -> Row | None:
        marks = core.marks.of(caller.org_id, claim.queue)
        if marks.front_is_due(now, found_nothing=True):
            return await _look_at_front(core, caller, claim.queue, now, sees_leases=True)
        if marks.are_known:
            return await _look(core, caller, NEXT_LOOK_MARKED, claim.queue, now, **begin(marks.starts(), now))
        if not marks.is_to_be_counted(now):
            return await _look(core, caller, NEXT_LOOK, claim.queue, now, sees_leases=True)
        row = await _look(core, caller, NEXT_LOOK_COUNTED, claim.queue, now, is_slow=False, sees_leases=True)
        marks.counted(None if row is None else row["walked"])
        return row

    async def shared(instants: Sequence[datetime]) -> list[Row | None]:
        return [await alone(max(instants))] * len(instants)

    return await core.together.do(Kind(_key("look", caller, claim), alone, shared), now)


async def _look(
    core: Core, caller: Caller, query: Query, queue: str, now: datetime, **parameters: Any
) -> Row | None:
    return await core.store.fetch_one(
        caller.scope, query, org_id=caller.org_id, queue=queue, now=now, **parameters
    )


async def _claim_limited(
    core: Core, caller: Caller, claim: Claim, now: datetime
) -> tuple[list[dict[str, Any]], datetime]:
    """Take what the queue's concurrency and rate leave, or say when the next token comes."""
    locked, rows = await core.store.fetch_each(caller.scope, claiming_limited(caller, claim, now))
    pause = _BUSY_PAUSE
    if locked and locked[0]["tokens"] is not None and locked[0]["tokens"] < 1:
        pause = timedelta(seconds=(1 - locked[0]["tokens"]) / locked[0]["rate_limit"])
    elif locked and locked[0]["concurrency"] is not None:
        pause = _FULL_PAUSE
    return [claimed_answer(row, claim, now) for row in rows], now + pause


def _key(verb: str, caller: Caller, claim: Claim) -> tuple[object, ...]:
    return verb, caller.org_id, claim.queue, caller.queues
