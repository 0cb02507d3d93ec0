"""Fires: each slot of a schedule becomes one job, once, however many timers run at the same time.

The job, the row of its run and the next time to look are written in one transaction, under the lock of the
schedule's row.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from shared import ids
from shared.core import Core
from shared.errors import FaultError, QuotaExceededError, SpooledError, UnavailableError
from shared.jobs.enqueue import enqueue_within, wake_for
from shared.limits.plans import PLANS, limits_of
from shared.schedules.cron import CronSchedule
from shared.schedules.model import ScheduleNotFoundError, job_of
from shared.schedules.planning import plan_fires
from shared.store import SYSTEM, Row, Transaction, load_queries, tenant
from shared.tenants.caller import Caller
from shared.webhooks.outbox import telling

QUERIES = load_queries(
    __file__,
    told_triggered=telling(
        "schedule.triggered", rows="triggered", item=load_queries(__file__)["triggered_item"].sql
    ),
    told_paused=telling("schedule.paused", rows="paused", item="schedule_event(paused.known)"),
)
logger = logging.getLogger("spooled.schedules")
_LOOK_AHEAD = 1000
_MOST_SCHEDULES = 100
_MOST_JOBS = 1000
_MOST_BYTES = 8_000_000
_FAULT = "The service failed to make the job; its log has the cause."


@dataclass(frozen=True, slots=True)
class Run:
    """A run to be written: its slot, if it stands for one, and its job, or the error instead."""

    schedule_id: int
    planned_at: datetime | None
    job_id: int | None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no job is made, but for the first `room` of them."""

    reason: str
    room: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What one schedule does now, and when it is next looked at; None sets it aside with the error."""

    row: Row
    slots: list[datetime]
    next_run_at: datetime | None
    error: str | None = None


async def fire_due(core: Core, now: datetime, budget_seconds: float) -> Counter[str]:
    """Fire what is due, of all organizations, the longest overdue first, until the budget is used up.

    Counts `fired` slots, `refused` ones (no job could be made) and schedules `set_aside`.
    """
    deadline = monotonic() + budget_seconds
    total: Counter[str] = Counter()
    while True:
        due = await core.store.fetch(SYSTEM, QUERIES["find_due"], now=now, limit=_LOOK_AHEAD)
        seen = 0
        for org_id, schedule_ids in _batches(due):
            if monotonic() > deadline:
                return total
            counts = await _fire_batch(core, org_id, schedule_ids, now)
            seen += counts.pop("seen", 0)
            total += counts
        if not seen:
            # Nothing is due, or other timers hold all of it.
            return total


async def trigger_schedule(
    core: Core, caller: Caller, public_id: str, now: datetime, trace: str | None
) -> dict[str, Any]:
    """Run a schedule now, be it paused, beside its plan: its job belongs to the trace of who asks.

    Raises ScheduleNotFoundError, QuotaExceededError.
    """
    async with core.store.transaction(caller.scope, hot=True) as transaction:
        row = await transaction.fetch_one(
            QUERIES["lock_to_trigger"],
            org_id=caller.org_id,
            id=ids.decode("sched", public_id),
            queues=caller.queue_filter,
        )
        if row is None:
            raise ScheduleNotFoundError
        jobs = [job_of(row)._replace(trace=trace)]
        enqueued = await enqueue_within(transaction, core, caller, jobs, now)
        runs = [Run(row["id"], None, enqueued[0].job_id)]
        await _record(
            core,
            transaction,
            caller,
            runs,
            [Step(row, [], row["next_run_at"], row["last_error"])],
            now,
        )
    wake_for(core, caller, jobs, enqueued, now)
    return {"job_id": ids.encode("job", enqueued[0].job_id), "triggered_at": now}


def _batches(due: Sequence[Row]) -> Iterator[tuple[int, list[int]]]:
    """The due schedules by organization, in batches that fit into memory with their payloads."""
    open_batches: dict[int, tuple[list[int], int]] = {}
    for row in due:
        schedule_ids, size = open_batches.get(row["org_id"], ([], 0))
        size += row["payload_bytes"]
        if schedule_ids and (len(schedule_ids) == _MOST_SCHEDULES or size > _MOST_BYTES):
            yield row["org_id"], schedule_ids
            schedule_ids, size = [], row["payload_bytes"]
        schedule_ids.append(row["id"])
        open_batches[row["org_id"]] = schedule_ids, size
    for org_id, (schedule_ids, _) in open_batches.items():
        yield org_id, schedule_ids


async def _fire_batch(
    core: Core, org_id: int, schedule_ids: Sequence[int], now: datetime, refusal: Refusal | None = None
) -> Counter[str]:
    """Fire a batch whole; when that fails, each schedule alone, so that one cannot hold up the others.

    Where the plan has room for some of the jobs the batch is tried again with those.
    """
    try:
        return await _fire(core, org_id, schedule_ids, now, refusal)
    except UnavailableError:
        raise
    except Exception as error:
        if isinstance(error, QuotaExceededError) and error.facts["resource"] != "queues" and refusal is None:
            return await _fire_batch(core, org_id, schedule_ids, now, Refusal(error.message, error.room))
        if len(schedule_ids) > 1:
            return sum(
                [await _fire_batch(core, org_id, [schedule_id], now) for schedule_id in schedule_ids],
                Counter(),
            )
        public_id = ids.encode("sched", schedule_ids[0])
        reason = _FAULT
        if isinstance(error, SpooledError) and error.status < FaultError.status:
            reason = error.message
            logger.warning("schedule %s was refused a job: %s", public_id, reason)
        else:
            logger.exception("schedule %s could not make a job", public_id)
        return await _fire(core, org_id, schedule_ids, now, Refusal(reason))


async def _fire(
    core: Core, org_id: int, schedule_ids: Sequence[int], now: datetime, refusal: Refusal | None = None
) -> Counter[str]:
    """Fire the schedules that are still due and not in other hands, but for the jobs that are refused."""
    async with core.store.transaction(tenant(org_id), hot=True) as transaction:
        rows = await transaction.fetch(QUERIES["lock_due"], org_id=org_id, ids=list(schedule_ids), now=now)
        steps = [_step(row, now, len(rows)) for row in rows]
        slots = [(step.row, slot) for step in steps for slot in step.slots]
        taken = len(slots) if refusal is None else refusal.room
        jobs = [job_of(row) for row, _ in slots[:taken]]
        caller = _owner(org_id, rows)
        enqueued = await enqueue_within(transaction, core, caller, jobs, now) if jobs else []
        runs = [
            Run(row["id"], slot, made.job_id)
            for (row, slot), made in zip(slots[:taken], enqueued, strict=True)
        ]
        runs += [Run(row["id"], slot, None, refusal.reason) for row, slot in slots[taken:] if refusal]
        runs += [Run(step.row["id"], None, None, step.error) for step in steps if step.error]
        if steps:
            await _record(core, transaction, caller, runs, steps, now)
    wake_for(core, caller, jobs, enqueued, now)
    return Counter(
        seen=len(rows),
        fired=len(jobs),
        refused=len(slots) - len(jobs),
        set_aside=sum(step.error is not None for step in steps),
    )


def _owner(org_id: int, rows: Sequence[Row]) -> Caller:
    """The timer acts for the organization: with all rights, within the limits of its plan."""
    limits = limits_of(rows[0]["plan_tier"], rows[0]["custom_limits"]) if rows else PLANS["enterprise"]
    return Caller(org_id=org_id, key_id=ids.UNKNOWN, limits=limits)


def _step(row: Row, now: datetime, schedules: int) -> Step:
    """Plan one schedule; one whose cron cannot be used any more is set aside with the error."""
    room = min(_MOST_JOBS, _MOST_BYTES // max(1, row["payload_bytes"])) // schedules
    try:
        cron = CronSchedule.parse(row["cron_expression"], row["timezone"])
        plan = plan_fires(
            cron, row["next_run_at"], now, row["misfire_policy"], row["misfire_limit"], max(1, room)
        )
    except (ValueError, LookupError, OverflowError) as error:
        return Step(row, [], None, str(error) or type(error).__name__)
    if not row["is_open"]:
        return Step(row, [], plan.next_run_at)
    # Slots that a machine with a fast clock fired before the plan was made anew are done.
    fired_until = row["fired_until"]
    slots = [slot for slot in plan.slots if fired_until is None or slot > fired_until]
    return Step(row, slots, plan.next_run_at)


async def _record(
    core: Core,
    transaction: Transaction,
    caller: Caller,
    runs: Sequence[Run],
    steps: Sequence[Step],
    now: datetime,
) -> None:
    days = min(core.settings.job_retention_days, caller.limits.history_retention_days)
    await transaction.fetch(
        QUERIES["record_runs"],
        org_id=caller.org_id,
        run_schedules=[run.schedule_id for run in runs],
        planned_ats=[run.planned_at for run in runs],
        job_ids=[run.job_id for run in runs],
        errors=[run.error for run in runs],
        schedules=[step.row["id"] for step in steps],
        next_run_ats=[step.next_run_at for step in steps],
        schedule_errors=[step.error for step in steps],
        kept_since=now - timedelta(days=days),
        now=now,
    )
