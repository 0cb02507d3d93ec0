"""Retention: the archive's partitions, and what has been kept long enough."""

from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from shared.core import Core
from shared.limits.plans import PLANS
from shared.store import SYSTEM, Query, load_queries

QUERIES = load_queries(__file__)
DAYS_AHEAD = 3
_PAGE = 200
_BATCH = 1_000
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
    return await in_batches(core, QUERIES["delete_old_idempotency_keys"], deadline, now=now)


async def delete_old_jobs(core: Core, now: datetime, deadline: float) -> int:
    """Delete, of each organization, the finished jobs past its retention."""
    return await in_rounds(core, QUERIES["delete_old_jobs"], "job_retention_days", now, deadline)


async def in_rounds(core: Core, query: Query, limit_name: str, now: datetime, deadline: float) -> int:
    """Delete, of each organization, what is older than a limit of its plan allows, in days.

    Goes round all organizations, a bounded number of rows of each in turn, until a whole round finds none.
    `query` has an open fragment `page` for the organizations of one step, with their `days`.
    """
    plan_days = {tier: getattr(plan, limit_name) for tier, plan in PLANS.items()}
    total = 0
    while True:
        deleted = after = 0
        while True:
            row = await core.store.fetch_one(
                SYSTEM,
                query.filled(page=QUERIES["page_of_organizations"].sql),
                after=after,
                page=_PAGE,
                limit=_BATCH // 10,
                plans=list(plan_days),
                days=list(plan_days.values()),
                ceiling=core.settings.job_retention_days,
                straggler_days=STRAGGLER_DAYS,
                limit_name=limit_name,
                now=now,
            )
            assert row is not None
            deleted += row["deleted"]
            if row["last"] is None or monotonic() >= deadline:
                break
            after = row["last"]
        total += int(deleted)
        if not deleted or monotonic() >= deadline:
            return total


async def in_batches(core: Core, query: Query, deadline: float, **parameters: Any) -> int:
    """Run a query that returns a row for each thing it deletes until it finds less than it may delete."""
    total = 0
    while True:
        rows = await core.store.fetch(SYSTEM, query, **parameters, limit=_BATCH)
        total += len(rows)
        if len(rows) < _BATCH or monotonic() >= deadline:
            return total
