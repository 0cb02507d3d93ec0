"""The status of a job as an event, for who begins to follow it."""

from datetime import datetime
from typing import Any

from shared.core import Core
from shared.jobs.model import SETTLED_STATES
from shared.jobs.read import JobNotFoundError, job_statuses
from shared.tenants.caller import Caller

CHANGES_OF_A_JOB = frozenset({"JobCreated", "JobStatusChange", "JobCompleted", "JobFailed", "JobUpdated"})
"""The types of event that are about one job."""


async def present_status(core: Core, caller: Caller, public_id: str, now: datetime) -> dict[str, Any]:
    """How a job stands, as the data of a JobStatusChange in which nothing changes.

    Raises JobNotFoundError when there is none, or none that this caller may see.
    """
    found = await job_statuses(core, caller, [public_id], now)
    if not found:
        raise JobNotFoundError
    job = found[0]
    return {
        "job_id": job["id"],
        "queue_name": job["queue_name"],
        "old_status": job["status"],
        "new_status": job["status"],
        "timestamp": now,
    }


def is_settled(status: object) -> bool:
    """Whether a status is the last one that a job comes to by itself."""
    return status in SETTLED_STATES
