"""Lists of jobs: straight off an index, live and finished as one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared import ids
from shared.core import Core
from shared.errors import InvalidInputError
from shared.jobs.model import CARRIED, SETTLED_STATES, job_answer, summary_answer
from shared.store import Row, load_queries
from shared.tenants.caller import Caller

QUERIES = load_queries(__file__)
LIVE_STATUSES = ("pending", "scheduled", "processing")
STATUSES = (*LIVE_STATUSES, *SETTLED_STATES)
LARGEST_PAGE = 1000
_SPELLINGS = {"dead_letter": "deadletter"}
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
_ID_SLACK = timedelta(minutes=10)
"""How far the clocks of database and functions may be apart: more than they are, for each minute is read."""


@dataclass(frozen=True, slots=True)
class JobFilter:
    """What to list; None does not filter. `q` is part of a queue name or job type, or the head of an id."""

    queue: str | None = None
    statuses: tuple[str, ...] | None = None
    limit: int = 50
    offset: int = 0
    q: str | None = None
    job_type: str | None = None
    tag: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    order_by: str = "created_at"
    descending: bool = True


def parse_statuses(text: str | None) -> tuple[str, ...] | None:
    """The statuses of a comma list; `dead_letter` means `deadletter`.

    Raises InvalidInputError for a word that is no status.
    """
    if text is None:
        return None
    words = [word.strip().lower() for word in text.split(",") if word.strip()]
    statuses = tuple(dict.fromkeys(_SPELLINGS.get(word, word) for word in words))
    for status in statuses:
        if status not in STATUSES:
            raise InvalidInputError.of_field(
                "status", f"{status[:50]!r} is none of {', '.join(STATUSES)}", "unknown_status"
            )
    return statuses or None


async def list_jobs(
    core: Core, caller: Caller, wanted: JobFilter, now: datetime
) -> tuple[list[dict[str, Any]], bool]:
    """A page of job summaries, and whether more follow. The page size is cut to LARGEST_PAGE."""
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
    q_first, q_last = ids.range_of_head("job", wanted.q or "")
    rows = await core.store.fetch(
        caller.scope,
        QUERIES["list_jobs"].filled(
            branches="\nUNION ALL\n".join(_branches(caller, wanted, columns)), order=_order(wanted)
        ),
        org_id=caller.org_id,
        queue=wanted.queue,
        queues=caller.queue_filter,
        q=wanted.q,
        q_first=q_first,
        q_last=q_last,
        job_type=wanted.job_type,
        tag=wanted.tag,
        created_after=wanted.created_after,
        created_before=wanted.created_before,
        first_id=ids.first_of(wanted.created_after or now, -_ID_SLACK),
        last_id=ids.first_of(wanted.created_before or now, _ID_SLACK),
        need=wanted.offset + limit + 1,
        limit=limit + 1,
        offset=wanted.offset,
        now=now,
    )
    return rows[:limit], len(rows) > limit


def _branches(caller: Caller, wanted: JobFilter, columns: str) -> list[str]:
    """One branch for each status, or one for all live and one for all finished jobs."""
    given = {
        "queue": wanted.queue,
        "keyed": caller.queues,
        "q": wanted.q,
        "job_type": wanted.job_type,
        "tag": wanted.tag,
        "created_after": wanted.created_after,
        "created_before": wanted.created_before,
    }
    names = [name for name, value in given.items() if value is not None]
    branches = (
        [("live", names), ("settled", names)]
        if wanted.statuses is None
        else [
            ("live" if status in LIVE_STATUSES else "settled", [*names, status]) for status in wanted.statuses
        ]
    )
    return [
        QUERIES[f"branch_{half}"]
        .filled(
            columns=columns,
            conditions="\n".join(QUERIES[f"where_{name}"].sql for name in conditions),
            order=_order(wanted, half),
        )
        .sql
        for half, conditions in branches
    ]


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
