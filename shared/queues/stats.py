"""What a queue is doing, in figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.core import Core
from shared.jobs.figures import OF_ORGANIZATION, finished_since, unfinished, window
from shared.queues.config import find_queue, list_queues
from shared.store import SYSTEM, Row, load_queries
from shared.tenants.caller import Caller

_OPEN = load_queries(__file__)
QUERIES = load_queries(
    __file__,
    sums=_OPEN["sums"].sql,
    of_queue=_OPEN["of_queue"].filled(queue="%(name)s").sql,
    of_asked=_OPEN["of_queue"].filled(queue="asked.queue").sql,
    unfinished=unfinished(f"{OF_ORGANIZATION} AND job.queue = %(name)s"),
    finished=finished_since("day", queue="%(name)s"),
    unfinished_of_asked=unfinished(f"{OF_ORGANIZATION} AND job.queue = asked.queue"),
    finished_of_asked=finished_since("day", queue="asked.queue"),
    unfinished_of_each=unfinished("job.org_id = wanted.org_id AND job.queue = wanted.queue"),
    finished_of_each=finished_since("day", org="wanted.org_id", mark="wanted.mark", queue="wanted.queue"),
)
_RECENT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """A queue, the counts of its jobs, and how long the oldest that is due has been there."""

    queue: Row
    counts: Row
    oldest_age: timedelta | None


async def queue_figures(core: Core, caller: Caller, name: str, now: datetime) -> QueueFigures:
    """Jobs by state and what became of those of the last 24 hours. Raises QueueNotFoundError."""
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
    return QueueFigures(queue, row, None if oldest is None else max(timedelta(0), now - oldest))


async def queue_stats(core: Core, caller: Caller, name: str, now: datetime) -> dict[str, Any]:
    """The figures of a queue, under the names of both dialects. Raises QueueNotFoundError."""
    figures = await queue_figures(core, caller, name, now)
    row = figures.counts
    age = None if figures.oldest_age is None else int(figures.oldest_age.total_seconds())
    return {
        "queue_name": name,
        "queue": name,
        "pending_jobs": row["pending"],
        "processing_jobs": row["processing"],
        "completed_jobs_24h": row["completed"],
        "failed_jobs_24h": row["failed"],
        "avg_processing_time_ms": row["average_ms"],
        "max_job_age_seconds": age,
        "active_workers": row["workers"],
        "pending": row["pending"],
        "scheduled": row["scheduled"],
        "processing": row["processing"],
        "completed": row["completed"],
        "failed": row["failed"],
        "deadletter": row["deadletter"],
        "paused": figures.queue["paused_at"] is not None,
        "oldest_job_age_seconds": age,
    }


async def list_queues_with_stats(core: Core, caller: Caller, now: datetime) -> list[dict[str, Any]]:
    """All queues, each with what it is doing under `stats`."""
    queues = await list_queues(core, caller)
    rows = await core.store.fetch(
        caller.scope,
        QUERIES["stats_of_queues"],
        org_id=caller.org_id,
        queues=[queue["name"] for queue in queues],
        now=now,
        **window("day", now - _RECENT),
    )
    return [queue | {"stats": _listed(row, now)} for queue, row in zip(queues, rows, strict=True)]


def _listed(row: Row, now: datetime) -> dict[str, Any]:
    oldest = row["oldest_created_at"]
    age = None if oldest is None else max(0, int((now - oldest).total_seconds()))
    names = ("pending", "scheduled", "processing", "completed", "failed", "deadletter")
    return {name: row[name] for name in names} | {"oldest_job_age_seconds": age}


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
