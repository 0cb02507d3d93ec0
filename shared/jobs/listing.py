"""Lists of jobs: straight off an index, live and finished as one."""

from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.errors import InvalidInputError
from shared.jobs.filtering import JobFilter, conditions, half_of, narrowed, parameters, where
from shared.jobs.model import CARRIED, job_answer, summary_answer
from shared.store import Row, load_queries
from shared.tenants.caller import Caller

QUERIES = load_queries(__file__)
LARGEST_PAGE = 1000
_SUMMARY = (
    "id, queue, state, priority, attempts, max_retries, last_error, created_at, updated_at, run_at,"
    " started_at"
)
_WHOLE = f"{CARRIED}, state, last_error, updated_at, leased_until, unmet_parents"
_ORDERS = {
    "created_at": "",
    "updated_at": "updated_at",
    "scheduled_at": "run_at",
    "started_at": "started_at",
    "completed_at": "finished_at",
    "priority": "priority",
    "queue_name": "queue",
    "retry_count": "attempts",
}
ORDERS = tuple(_ORDERS)
_NULLABLE = {"started_at", "finished_at"}
_INDEXED = {"processing", "failed", "deadletter", "cancelled"}
"""Statuses that have an index of their own."""
_BY_ID = {"queue": "queue_by_id", "pending": "pending_by_id"}
"""Conditions as they lead to the index by queue and id, and to no other."""


async def list_jobs(
    core: Core, caller: Caller, wanted: JobFilter, now: datetime
) -> tuple[list[dict[str, Any]], bool]:
    """A page of job summaries, and whether more follow. The page size is cut to LARGEST_PAGE.

    Raises InvalidInputError for an `after` that is no id of a job, or comes with another order.
    """
    rows, has_more = await _page(core, caller, wanted, _SUMMARY, now)
    return [summary_answer(row, now) for row in rows], has_more


async def list_whole_jobs(
    core: Core, caller: Caller, wanted: JobFilter, now: datetime
) -> tuple[list[dict[str, Any]], bool]:
    """A page of jobs with all that is known of them, and whether more follow."""
    rows, has_more = await _page(core, caller, wanted, _WHOLE, now)
    return [job_answer(row, now) | {"job_type": row["job_type"] or ""} for row in rows], has_more


async def _page(
    core: Core, caller: Caller, wanted: JobFilter, columns: str, now: datetime
) -> tuple[list[Row], bool]:
    limit = min(wanted.limit, LARGEST_PAGE)
    _check_after(wanted)
    wanted = narrowed(caller, wanted)
    rows = await core.store.fetch(
        caller.scope,
        QUERIES["list_jobs"].filled(
            branches="\nUNION ALL\n".join(_branches(caller, wanted, columns)), order=_order(wanted)
        ),
        **parameters(caller, wanted, now),
        need=wanted.offset + limit + 1,
        limit=limit + 1,
        offset=wanted.offset,
    )
    return rows[:limit], len(rows) > limit


def _check_after(wanted: JobFilter) -> None:
    if wanted.after is None:
        return
    if _ORDERS[wanted.order_by]:
        raise InvalidInputError.of_field(
            "after", "goes with the order by created_at alone; other orders have `offset`", "other_order"
        )
    if ids.decode("job", wanted.after) == ids.UNKNOWN:
        raise InvalidInputError.of_field("after", "is no id of a job", "invalid_id")


def _branches(caller: Caller, wanted: JobFilter, columns: str) -> list[str]:
    """One branch for each status, or one for all live and one for all finished jobs."""
    names = conditions(caller, wanted)
    branches = (
        [("live", names), ("settled", names)]
        if wanted.statuses is None
        else [(half_of(status), [*names, status]) for status in wanted.statuses]
    )
    return [_branch(half, names, wanted, columns) for half, names in branches]


def _branch(half: str, names: list[str], wanted: JobFilter, columns: str) -> str:
    order = _order(wanted, half)
    after = "where_after"
    if "queue" in names and not _ORDERS[wanted.order_by] and not _INDEXED.intersection(names):
        names = [_BY_ID.get(name, name) for name in names]
        order = f"queue {'DESC' if wanted.descending else 'ASC'}, {order}"
        after = "where_after_in_queue"
    elif "processing" in names and not _ORDERS[wanted.order_by]:
        # No index gives this order, so that the few that run are read, and not all that wait beside them.
        order = f"id + 0 {'DESC' if wanted.descending else 'ASC'}"
    elif _ORDERS[wanted.order_by] == "queue":
        names = [*names, "any_queue"]
    chosen = where(names)
    if wanted.after is not None:
        direction = "descending" if wanted.descending else "ascending"
        chosen = f"{chosen}\n{QUERIES[f'{after}_{direction}'].sql}"
    return (
        QUERIES[f"branch_{half}"]
        .filled(
            columns=columns,
            conditions=chosen,
            order=order,
        )
        .sql
    )


def _order(wanted: JobFilter, half: str = "") -> str:
    """The order of the page, or of the live or settled half of it: written so that an index may give it.

    A job that is settled was changed last when it finished, and has finished.
    """
    direction = "DESC" if wanted.descending else "ASC"
    column = _ORDERS[wanted.order_by]
    nullable = _NULLABLE
    if half == "settled":
        column = "finished_at" if column == "updated_at" else column
        nullable = _NULLABLE - {"finished_at"}
    nulls = " NULLS LAST" if column in nullable else ""
    return f"{column} {direction}{nulls}, id {direction}" if column else f"id {direction}"
