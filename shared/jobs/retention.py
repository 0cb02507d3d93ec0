"""Retention: the archive's partitions, and what has been kept long enough."""

from datetime import datetime, timedelta
from time import monotonic

from shared.core import Core
from shared.limits.plans import PLANS
from shared.store import SYSTEM, Query, in_batches, load_queries

QUERIES = load_queries(__file__)
DAYS_AHEAD = 3
_PAGE = 200
_STEP = 100
STRAGGLER_DAYS = 2
"""What is kept to the ceiling goes with its partition; what stands even later goes row by row."""


async def make_partitions(core: Core, now: datetime) -> int:
    """Make the partitions of today and the days ahead, and return how many there were to make."""
    rows = await core.store.fetch(SYSTEM, QUERIES["make_partitions"], today=now.date(), ahead=DAYS_AHEAD)
    return len(rows)


async def drop_partitions(core: Core, now: datetime, deadline: float) -> int:
    """Drop the partitions in which no job finished within `job_retention_days`."""
    kept_since = now - timedelta(days=core.settings.job_retention_days)
    dropped = 0
    for row in await core.store.fetch(SYSTEM, QUERIES["old_partitions"], before=kept_since.date()):
        if monotonic() >= deadline:
            break
        done = await core.store.fetch_one(
            SYSTEM, QUERIES["drop_partition"], day=row["day"], kept_since=kept_since
        )
        dropped += done is not None and done["dropped"]
    return dropped


async def delete_old_idempotency_keys(core: Core, now: datetime, deadline: float) -> int:
    """Forget the idempotency keys that stand for nothing any more."""
    return await in_batches(core.store, QUERIES["delete_old_idempotency_keys"], deadline, now=now)


async def delete_old_jobs(core: Core, now: datetime, deadline: float) -> int:
    """Delete, of each organization, the finished jobs past its retention."""
    query = _deleting("job_archive", "finished_at", "days_of_jobs")
    return await _in_rounds(core, query, "job_retention_days", now, deadline)


async def delete_history(core: Core, table: str, time: str, now: datetime, deadline: float) -> int:
    """Delete, of each organization, the rows of a table whose column `time` is past its retention."""
    query = _deleting(table, time, "days_of_history")
    return await _in_rounds(core, query, "history_retention_days", now, deadline)


def _deleting(table: str, time: str, days: str) -> Query:
    page, left_over = QUERIES["page_of_organizations"].sql, QUERIES["left_over"].sql
    return QUERIES["delete_old"].filled(
        table=table, time=time, days=QUERIES[days].sql, page=page, left_over=left_over
    )


async def _in_rounds(core: Core, query: Query, limit_name: str, now: datetime, deadline: float) -> int:
    """Delete, of each organization, what is older than a limit of its plan allows, in days.

    Goes round all organizations, a bounded number of rows of each in turn, and then, while there are some,
    round those that had more.
    """
    plan_days = {tier: getattr(plan, limit_name) for tier, plan in PLANS.items()}
    left_over: list[int] | None = None
    total = 0
    while left_over is None or left_over:
        more: list[int] = []
        after: int | None = 0
        while after is not None:
            row = await core.store.fetch_one(
                SYSTEM,
                query,
                after=after,
                left_over=left_over,
                page=_PAGE,
                limit=_STEP,
                plans=list(plan_days),
                days=list(plan_days.values()),
                ceiling=core.settings.job_retention_days,
                straggler_days=STRAGGLER_DAYS,
                limit_name=limit_name,
                now=now,
            )
            assert row is not None
            total += int(row["deleted"])
            more += row["left_over"] or ()
            after = row["last"]
            if monotonic() >= deadline:
                return total
        left_over = more
    return total
