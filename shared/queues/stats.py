"""What a queue is doing, in figures."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from shared.core import Core
from shared.jobs.figures import OF_ORGANIZATION, finished_since, unfinished, window
from shared.queues.config import find_queue
from shared.store import SYSTEM, load_queries
from shared.tenants.caller import Caller

QUERIES = load_queries(
    __file__,
    unfinished=unfinished(f"{OF_ORGANIZATION} AND job.queue = %(name)s"),
    finished=finished_since("day", queue="%(name)s"),
    unfinished_of_each=unfinished("job.org_id = wanted.org_id AND job.queue = wanted.queue"),
    finished_of_each=finished_since("day", org="wanted.org_id", mark="wanted.mark", queue="wanted.queue"),
)
_RECENT = timedelta(hours=24)


async def queue_stats(core: Core, caller: Caller, name: str, now: datetime) -> dict[str, Any]:
    """Jobs by state, age of the oldest that waits, and what became of those of the last 24 hours."""
    queue = await find_queue(core, caller, name)
    row = await core.store.fetch_one(
        caller.scope,
        QUERIES["queue_stats"],
        org_id=caller.org_id,
        name=name,
        now=now,
        **window("day", now - _RECENT),
    )
    assert row is not None
    oldest = row["oldest_created_at"]
    age = None if oldest is None else max(0.0, (now - oldest).total_seconds())
    return {
        "queue_name": name,
        "queue": name,
        "pending_jobs": row["pending"],
        "processing_jobs": row["processing"],
        "completed_jobs_24h": row["completed"],
        "failed_jobs_24h": row["failed"],
        "avg_processing_time_ms": row["average_ms"],
        "max_job_age_seconds": None if age is None else int(age),
        "active_workers": row["workers"],
        "pending": row["pending"],
        "scheduled": row["scheduled"],
        "processing": row["processing"],
        "completed": row["completed"],
        "failed": row["failed"],
        "deadletter": row["deadletter"],
        "paused": queue["paused_at"] is not None,
        "oldest_job_age_seconds": None if age is None else int(age),
    }


async def figures_of(core: Core, queues: Sequence[tuple[int, str]], now: datetime) -> list[dict[str, Any]]:
    """The data of a QueueStats event for each queue, given with its organization, in their order."""
    rows = await core.store.fetch(
        SYSTEM,
        QUERIES["figures_of_queues"],
        org_ids=[org_id for org_id, _ in queues],
        queues=[queue for _, queue in queues],
        now=now,
        **window("day", now - _RECENT),
    )
    return [{**row, "timestamp": now} for row in rows]
