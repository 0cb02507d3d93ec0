"""A worker as the API shows it, and what its silence means."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from shared import ids
from shared.store import Row

HEARTBEAT_SECONDS = 10
LEASE_SECONDS = 30
"""The lease that a registered worker is advised to claim with."""
_LATE = timedelta(seconds=5)
DEGRADED_AFTER = timedelta(seconds=2 * HEARTBEAT_SECONDS) + _LATE
OFFLINE_AFTER = timedelta(seconds=5 * HEARTBEAT_SECONDS) + _LATE
GONE_AFTER = timedelta(minutes=2)
"""A worker that is silent for so long is no worker any more and frees its place in the plan."""


def status_of(row: Row, now: datetime) -> str:
    """What the worker says of itself, or worse when it has missed heartbeats: two, or five."""
    silence = now - row["last_heartbeat"]
    said: str = row["status"]
    if silence >= OFFLINE_AFTER:
        return "offline"
    if silence >= DEGRADED_AFTER and said == "healthy":
        return "degraded"
    return said


def summary_answer(row: Row, now: datetime, known: Collection[str] | None) -> dict[str, Any]:
    """A worker in a list, of its queues those that are known to who asks; None: all."""
    queues = [queue for queue in row["queues"] if known is None or queue in known]
    return {
        "id": row["id"],
        "queue_name": queues[0],
        "queue_names": queues,
        "hostname": row["hostname"],
        "status": status_of(row, now),
        "current_jobs": row["current_jobs"],
        "max_concurrency": row["max_concurrency"],
        "last_heartbeat": row["last_heartbeat"],
        "version": row["version"],
    }


def worker_answer(row: Row, now: datetime, known: Collection[str] | None) -> dict[str, Any]:
    """A worker whole, under the names of both dialects, with the queues that are known to who asks."""
    return summary_answer(row, now, known) | {
        "organization_id": ids.encode("org", row["org_id"]),
        "worker_type": row["worker_type"],
        "max_concurrent_jobs": row["max_concurrency"],
        "current_job_count": row["current_jobs"],
        "metadata": row["metadata"],
        "registered_at": row["registered_at"],
        "created_at": row["registered_at"],
        "updated_at": row["updated_at"],
    }
