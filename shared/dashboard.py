"""The figures of an organization on one page."""

from datetime import datetime, timedelta
from typing import Any

from shared import ids
from shared.core import Core
from shared.store import Row, Statement, load_queries
from shared.tenants.caller import Caller
from shared.version import VERSION

QUERIES = load_queries(__file__)
_HOUR = timedelta(hours=1)
_DAY = timedelta(hours=24)


async def dashboard(core: Core, caller: Caller, now: datetime) -> dict[str, Any]:
    """System, jobs, queues, workers and the last hour, in one round trip.

    Workers are those that hold a job; one whose every lease has lapsed is unhealthy.
    """
    figures = {
        "org_id": caller.org_id,
        "now": now,
        "hour_ago": now - _HOUR,
        "hour_ago_id": ids.first_of(now - _HOUR, timedelta(0)),
        "day_ago": now - _DAY,
    }
    queues = {"org_id": caller.org_id, "now": now, "queues": caller.queue_filter}
    (row,), queue_rows = await core.store.fetch_each(
        caller.scope,
        [Statement(QUERIES["dashboard"], figures), Statement(QUERIES["dashboard_queues"], queues)],
    )
    return {
        "system": await _system(core, now),
        "jobs": _jobs(row),
        "queues": queue_rows,
        "workers": {
            "total": row["workers"],
            "healthy": row["healthy_workers"],
            "unhealthy": row["workers"] - row["healthy_workers"],
        },
        "recent_activity": {
            "jobs_created_1h": row["created_1h"],
            "jobs_completed_1h": row["completed_1h"],
            "jobs_failed_1h": row["failed_1h"],
        },
    }


def _jobs(row: Row) -> dict[str, Any]:
    """`total` is what is unfinished, dead, or finished within the day; older history is not counted."""
    return {
        "total": row["unfinished"] + row["deadletter"] + row["finished_24h"] - row["dead_24h"],
        "pending": row["pending"],
        "processing": row["processing"],
        "completed_24h": row["completed_24h"],
        "failed_24h": row["failed_24h"],
        "deadletter": row["deadletter"],
        "avg_wait_time_ms": row["wait_ms"],
        "avg_processing_time_ms": row["processing_ms"],
    }


async def _system(core: Core, now: datetime) -> dict[str, Any]:
    return {
        "version": VERSION,
        "uptime_seconds": max(0, int((now - core.started_at).total_seconds())),
        "started_at": core.started_at,
        "database_status": "healthy",
        "cache_status": "healthy" if await core.wakeups.reaches_redis() else "degraded",
        "environment": core.settings.spooled_env,
    }
