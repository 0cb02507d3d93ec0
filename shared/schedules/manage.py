"""Schedules kept: made, read, changed, paused, resumed and deleted."""

from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.limits.charge import fetch_charged
from shared.limits.payload import check_payloads
from shared.schedules.cron import preview
from shared.schedules.model import COLUMNS, ScheduleNotFoundError, schedule_answer
from shared.schedules.planning import read_cron
from shared.store import Row, load_queries
from shared.tenants.caller import Caller
from shared.webhooks.outbox import telling

QUERIES = load_queries(
    __file__,
    columns=COLUMNS,
    told_created=telling("schedule.created", rows="made", item="schedule_event(made.known)"),
    told_deleted=telling("schedule.deleted", rows="gone", item="schedule_event(gone.known)"),
    told_paused=telling("schedule.paused", rows="paused", item="schedule_event(paused.known)"),
    told_resumed=telling("schedule.resumed", rows="resumed", item="schedule_event(resumed.known)"),
    told_changed=telling("schedule.updated", rows="changed", item="schedule_event(changed.known)"),
)
LARGEST_PAGE = 1000
_TIMING = ("cron_expression", "timezone", "is_active")


async def create_schedule(
    core: Core, caller: Caller, fields: dict[str, Any], now: datetime
) -> dict[str, Any]:
    """Make a schedule; InvalidInputError naming `cron_expression` or `timezone` for one that cannot be read.

    Raises PayloadTooLargeError above the ceiling of the plan, QuotaExceededError when it allows no more.
    `fields` are the columns of the same names; payload, tags and metadata are JSON text.
    """
    caller.require_queue(fields["queue"])
    check_payloads(caller.limits, [fields["payload"]])
    next_run_at = read_cron(fields["cron_expression"], fields["timezone"]).next_after(now)
    row = await fetch_charged(
        core.store,
        caller.scope,
        caller.limits,
        "schedules",
        QUERIES["create_schedule"],
        **fields,
        org_id=caller.org_id,
        next_run_at=next_run_at,
        now=now,
    )
    assert row is not None
    return schedule_answer(row)


async def list_schedules(
    core: Core,
    caller: Caller,
    *,
    queue: str | None,
    is_active: bool | None,
    after: str | None,
    limit: int,
    offset: int,
) -> tuple[list[dict[str, Any]], bool]:
    """A page of schedules, newest first, and whether more follow. The page size is cut to LARGEST_PAGE.

    `after` is the id of the last schedule of the page before.
    """
    limit = min(limit, LARGEST_PAGE)
    rows = await core.store.fetch(
        caller.scope,
        QUERIES["list_schedules"],
        org_id=caller.org_id,
        queues=caller.queue_filter,
        queue=queue,
        is_active=is_active,
        below=ids.below("sched", after),
        limit=limit + 1,
        offset=offset,
    )
    return [schedule_answer(row) for row in rows[:limit]], len(rows) > limit


async def get_schedule(core: Core, caller: Caller, public_id: str) -> dict[str, Any]:
    """A schedule; ScheduleNotFoundError when there is none that this caller may see."""
    return schedule_answer(await _find(core, caller, public_id))


async def preview_schedule(
    core: Core, caller: Caller, public_id: str, count: int, now: datetime
) -> list[dict[str, datetime]]:
    """The next fires as if the schedule ran from now on, be it paused; raises ScheduleNotFoundError."""
    row = await _find(core, caller, public_id)
    return preview_cron(row["cron_expression"], row["timezone"], count, now)


def preview_cron(expression: str, timezone: str, count: int, now: datetime) -> list[dict[str, datetime]]:
    """The next fires of a cron; InvalidInputError naming what of it cannot be read."""
    return [
        {"run_at": utc, "local_time": local}
        for utc, local in preview(read_cron(expression, timezone), now, count)
    ]


async def update_schedule(
    core: Core, caller: Caller, public_id: str, changes: dict[str, Any], now: datetime
) -> dict[str, Any]:
    """Change the named fields; None leaves a field as it is. Raises ScheduleNotFoundError or as create.

    Another cron or time zone, and `is_active` turning true, plan the next run from now: what was skipped
    meanwhile stays skipped.
    """
    if changes["payload"] is not None:
        check_payloads(caller.limits, [changes["payload"]])
    async with core.store.transaction(caller.scope) as transaction:
        row = await transaction.fetch_one(QUERIES["lock_schedule"], **_named(caller, public_id))
        if row is None:
            raise ScheduleNotFoundError
        changed = await transaction.fetch_one(
            QUERIES["update_schedule"],
            **changes | _plan_of(row, changes, now),
            is_edited=any(value is not None for name, value in changes.items() if name != "is_active"),
            org_id=caller.org_id,
            id=row["id"],
            now=now,
        )
    assert changed is not None
    return schedule_answer(changed)


async def delete_schedule(core: Core, caller: Caller, public_id: str, now: datetime) -> None:
    """Delete a schedule and its history; the jobs that it made stay. Raises ScheduleNotFoundError."""
    deleted = await core.store.fetch_one(
        caller.scope, QUERIES["delete_schedule"], **_named(caller, public_id), now=now
    )
    if deleted is None:
        raise ScheduleNotFoundError


def _plan_of(row: Row, changes: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The columns that say when the changed schedule runs next."""
    timing = {name: row[name] if changes[name] is None else changes[name] for name in _TIMING}
    plan = {"is_active": timing["is_active"], "last_error": row["last_error"], "next_run_at": None}
    if timing == {name: row[name] for name in _TIMING}:
        return plan | {"next_run_at": row["next_run_at"]}
    cron = read_cron(timing["cron_expression"], timing["timezone"])
    return plan | {"last_error": None, "next_run_at": cron.next_after(now) if timing["is_active"] else None}


def _named(caller: Caller, public_id: str) -> dict[str, Any]:
    return {"org_id": caller.org_id, "id": ids.decode("sched", public_id), "queues": caller.queue_filter}


async def _find(core: Core, caller: Caller, public_id: str) -> Row:
    row = await core.store.fetch_one(caller.scope, QUERIES["find_schedule"], **_named(caller, public_id))
    if row is None:
        raise ScheduleNotFoundError
    return row
