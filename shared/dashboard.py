"""The figures of an organization on one page."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.core import Core
from shared.jobs.figures import MARK, created_since, finished_since, window
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
    mark=MARK,
)
_OF_KEY = "ANY(%(queues)s::text[])"
_RECENT_OF_KEY = load_queries(
    __file__,
    finished_day=finished_since("day", queue=_OF_KEY),
    finished_hour=finished_since("hour", queue=_OF_KEY),
    created_hour=created_since("hour", queue=_OF_KEY),
    mark=MARK,
)["recent"]
_HOUR = timedelta(hours=1)
_DAY = timedelta(hours=24)
_FINE, _COARSE = timedelta(minutes=5), timedelta(minutes=30)
_FINE_UP_TO_HOURS = 4


async def dashboard(core: Core, caller: Caller, now: datetime) -> dict[str, Any]:
    """System, jobs, queues, workers and the last hour, in one round trip.

    `total` is what the statistics of jobs say: completed ones for ever, the others while they are kept.
    A key that is held to queues sees the figures of these.
    """
    org_id, keyed = caller.org_id, caller.queue_filter
    queues = {"org_id": org_id, "now": now, "queues": keyed}
    recently = QUERIES["recent"] if keyed is None else _RECENT_OF_KEY
    lately = {"org_id": org_id, "queues": keyed} | window("hour", now - _HOUR) | window("day", now - _DAY)
    stats, (recent,), queue_rows, workers = await core.store.fetch_each(
        caller.scope,
        [
            count_by_status(org_id, now, keyed),
            Statement(recently, lately),
            Statement(QUERIES["queues"], queues),
            count_workers(org_id, now, keyed),
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
            "oldest_job_age_seconds": max(
                (
                    row["oldest_job_age_seconds"]
                    for row in queue_rows
                    if row["oldest_job_age_seconds"] is not None
                ),
                default=None,
            ),
        },
        "queues": queue_rows,
        "workers": workers_answer(workers, "unhealthy"),
        "recent_activity": {
            "jobs_created_1h": recent["created_1h"],
            "jobs_completed_1h": recent["completed_1h"],
            "jobs_failed_1h": recent["failed_1h"],
        },
    }


async def activity(
    core: Core, caller: Caller, now: datetime, *, hours: int, queue: str | None
) -> dict[str, Any]:
    """What was made and what ended in the last hours, in steps of five minutes; of thirty beyond four hours.

    Only of steps that the timer has counted whole; of a queue, or of all that the caller may use.
    """
    if queue is not None:
        caller.require_queue(queue)
    step = _FINE if hours <= _FINE_UP_TO_HOURS else _COARSE
    rows = await core.store.fetch(
        caller.scope,
        QUERIES["activity"],
        org_id=caller.org_id,
        now=now,
        since=_start_of_step(now - timedelta(hours=hours), step),
        step=step,
        queues=caller.queue_filter if queue is None else [queue],
    )
    return {"step_seconds": int(step.total_seconds()), "steps": rows}


def _start_of_step(instant: datetime, step: timedelta) -> datetime:
    """The first one that begins after the instant."""
    seconds = int(step.total_seconds())
    return datetime.fromtimestamp(-(-int(instant.timestamp()) // seconds) * seconds, UTC)


async def _system(core: Core, now: datetime) -> dict[str, Any]:
    return {
        "version": VERSION,
        "uptime_seconds": max(0, int((now - core.started_at).total_seconds())),
        "started_at": core.started_at,
        "database_status": "healthy",
        "cache_status": "healthy" if await core.wakeups.outgoing.reaches_redis() else "degraded",
        "environment": core.settings.spooled_env,
    }
