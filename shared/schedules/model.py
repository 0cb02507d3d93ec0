"""A schedule and its runs as the API shows them, and the job that a fire makes."""

from typing import Any

from shared import ids
from shared.errors import NotFoundError
from shared.jobs.enqueue import NewJob
from shared.store import Row

COLUMNS = (
    "org_id, id, name, description, cron_expression, timezone, queue, payload, priority, max_retries,"
    " timeout_seconds, tags, metadata, misfire_policy, misfire_limit, is_active, next_run_at, last_run_at,"
    " run_count, last_error, created_at, updated_at"
)
_RUN_STATUSES = {
    "waiting": "pending",
    "pending": "pending",
    "processing": "running",
    "completed": "completed",
    "failed": "failed",
    "deadletter": "failed",
    "cancelled": "failed",
}
_NOT_KEPT = "The job of this run is not kept any more; how it ended is not known."


class ScheduleNotFoundError(NotFoundError):
    """Schedule not found"""


def schedule_answer(row: Row) -> dict[str, Any]:
    """A schedule under the names of both dialects."""
    return {
        "id": ids.encode("sched", row["id"]),
        "organization_id": ids.encode("org", row["org_id"]),
        "name": row["name"],
        "description": row["description"],
        "cron_expression": row["cron_expression"],
        "timezone": row["timezone"],
        "queue_name": row["queue"],
        "queue": row["queue"],
        "payload_template": row["payload"],
        "payload": row["payload"],
        "priority": row["priority"],
        "max_retries": row["max_retries"],
        "timeout_seconds": row["timeout_seconds"],
        "tags": row["tags"],
        "metadata": row["metadata"],
        "misfire_policy": row["misfire_policy"],
        "misfire_limit": row["misfire_limit"],
        "is_active": row["is_active"],
        "next_run_at": row["next_run_at"],
        "last_run_at": row["last_run_at"],
        "run_count": row["run_count"],
        "last_error": row["last_error"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


def run_answer(row: Row) -> dict[str, Any]:
    """One run; its status is that of its job."""
    state, error, completed_at = row["state"], row["error"], row["finished_at"]
    if row["job_id"] is None:
        status, completed_at = "failed", row["started_at"]
    elif state is None:
        # Most jobs end well, and retention removes them all: `failed` would be a false alarm.
        status, error = "completed", _NOT_KEPT
    else:
        status, error = _RUN_STATUSES[state], None if state == "completed" else row["last_error"]
    return {
        "id": ids.encode("run", row["id"]),
        "schedule_id": ids.encode("sched", row["schedule_id"]),
        "job_id": ids.encode_optional("job", row["job_id"]),
        "status": status,
        "error_message": error,
        "planned_at": row["planned_at"],
        "started_at": row["started_at"],
        "completed_at": completed_at,
    }


def job_of(row: Row) -> NewJob:
    """The job that a fire of this schedule makes (the row has `payload` and `tags` as text)."""
    return NewJob(
        queue=row["queue"],
        payload=row["payload"],
        priority=row["priority"],
        max_retries=row["max_retries"],
        timeout_seconds=row["timeout_seconds"],
        tags=row["tags"],
    )
