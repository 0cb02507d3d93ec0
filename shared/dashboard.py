"""The figures of an organization on one page."""

from datetime import datetime, timedelta
from typing import Any

from shared.core import Core
from shared.jobs.figures import created_since, finished_since, window
from shared.jobs.stats import count_by_status, stats_answer
from shared.store import Statement, load_queries
from shared.tenants.caller import Caller
from shared.version import VERSION
from shared.workers.figures import count_workers, workers_answer

QUERIES = load_queries(
    __file__,
    finished_day=finished_since("day"),
    finished_hour=finished_since("hour"),
    created_hour=created_since("hour"),
)
_HOUR = timedelta(hours=1)
_DAY = timedelta(hours=24)


async def dashboard(core: Core, caller: Caller, now: datetime) -> dict[str, Any]:
    """System, jobs, queues, workers and the last hour, in one round trip.

    `total` is what the statistics of jobs say: completed ones for ever, the others while they are kept.
    """
    org_id = caller.org_id
    lately = {"org_id": org_id} | window("hour", now - _HOUR) | window("day", now - _DAY)
    queues = {"org_id": org_id, "now": now, "queues": caller.queue_filter}
    stats, (recent,), queue_rows, workers = await core.store.fetch_each(
        caller.scope,
        [
            count_by_status(org_id, now),
            Statement(QUERIES["recent"], lately),
            Statement(QUERIES["queues"], queues),
            count_workers(org_id, now),
        ],
    )
    jobs = stats_answer(stats)
    return {
        "system": await _system(core, now),
        "jobs": {
            "total": jobs["total"],
            "pending": jobs["pending"],
            "processing": jobs["processing"],
            "completed_24h": recent["completed_24h"],
            "failed_24h": recent["failed_24h"],
            "deadletter": jobs["deadletter"],
            "avg_wait_time_ms": recent["wait_ms"],
            "avg_processing_time_ms": recent["processing_ms"],
        },
        "queues": queue_rows,
        "workers": workers_answer(workers, "unhealthy"),
        "recent_activity": {
            "jobs_created_1h": recent["created_1h"],
            "jobs_completed_1h": recent["completed_1h"],
            "jobs_failed_1h": recent["failed_1h"],
        },
    }


async def _system(core: Core, now: datetime) -> dict[str, Any]:
    return {
        "version": VERSION,
        "uptime_seconds": max(0, int((now - core.started_at).total_seconds())),
        "started_at": core.started_at,
        "database_status": "healthy",
        "cache_status": "healthy" if await core.wakeups.outgoing.reaches_redis() else "degraded",
        "environment": core.settings.spooled_env,
    }
