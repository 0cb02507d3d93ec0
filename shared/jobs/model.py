"""A job as the API shows it."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from shared import ids
from shared.store import Row
from shared.trace import trace_fields

if TYPE_CHECKING:
    from shared.jobs.claim import Claim

CARRIED = (
    "org_id, id, queue, priority, run_at, attempts, max_retries, timeout_seconds, payload, tags, created_at,"
    " started_at, expires_at, lease_id, worker_id, idempotency_key, parent_job_id, completion_webhook,"
    " completion_webhook_secret, workflow_id, step_key, dependency_mode, has_children, trace"
)
"""The columns that a job keeps when it moves between the hot table and the archive."""

CLAIMED = (
    "id, lease_id, payload, priority, attempts, max_retries, last_error, timeout_seconds, idempotency_key,"
    " created_at, run_at, tags, workflow_id, step_key, trace"
)
"""The columns of which a worker is told, but for those that say what it asked for."""

SETTLED_STATES = ("completed", "failed", "deadletter", "cancelled")


def status_of(row: Row, now: datetime) -> str:
    """The state that the API names: `scheduled` is a first run that lies ahead, or a step that waits."""
    state: str = row["state"]
    if state == "waiting" or (state == "pending" and row["attempts"] == 0 and row["run_at"] > now):
        return "scheduled"
    return state


def retry_count_of(row: Row) -> int:
    """Failed attempts so far: 0 while the first one runs, `max_retries` once they are used up."""
    attempts: int = row["attempts"]
    return attempts if row["state"] in {"waiting", "pending", "cancelled"} else max(0, attempts - 1)


def job_answer(row: Row, now: datetime) -> dict[str, Any]:
    """A job whole, under the names of both dialects."""
    retry_count = retry_count_of(row)
    lease = ids.encode_optional("lease", row["lease_id"]) if row["state"] == "processing" else None
    answer = {
        "id": ids.encode("job", row["id"]),
        "organization_id": ids.encode("org", row["org_id"]),
        "queue_name": row["queue"],
        "queue": row["queue"],
        "status": status_of(row, now),
        "payload": row["payload"],
        "result": row["result"],
        "retry_count": retry_count,
        "attempt": retry_count,
        "attempts": row["attempts"],
        "max_retries": row["max_retries"],
        "last_error": row["last_error"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "scheduled_at": scheduled_at_of(row),
        "started_at": row["started_at"],
        "completed_at": row["finished_at"],
        "expires_at": row["expires_at"],
        "priority": row["priority"],
        "tags": row["tags"],
        "timeout_seconds": row["timeout_seconds"],
        "parent_job_id": ids.encode_optional("job", row["parent_job_id"]),
        "completion_webhook": row["completion_webhook"],
        "assigned_worker_id": row["worker_id"],
        "lease_id": lease,
        "lease_expires_at": row["leased_until"],
        "leased_until": row["leased_until"],
        "idempotency_key": row["idempotency_key"],
        "workflow_id": ids.encode_optional("wf", row["workflow_id"]),
        "dependency_mode": row["dependency_mode"],
        "dependencies_met": row["unmet_parents"] == 0,
    }
    return answer if row["trace"] is None else answer | trace_fields(row["trace"])


def scheduled_at_of(row: Row) -> datetime | None:
    """The time a job was asked to wait for; None for one that could run as soon as it was made."""
    run_at: datetime = row["run_at"]
    return None if run_at == row["created_at"] else run_at


def claimed_answer(row: Row, claim: "Claim", now: datetime) -> dict[str, Any]:
    """A job in the hands of the worker that took it at `now`.

    It never has an `error` key: guide workers read that as no job.
    """
    lease, queue, worker_id = ids.encode("lease", row["lease_id"]), claim.queue, claim.worker_id
    seconds = row["timeout_seconds"] if claim.lease_seconds is None else claim.lease_seconds
    leased_until, failed = _end_of_lease(now, seconds), row["attempts"] - 1
    answer = {
        "id": ids.encode("job", row["id"]),
        "queue_name": queue,
        "queue": queue,
        "status": "processing",
        "payload": row["payload"],
        "priority": row["priority"],
        "retry_count": failed,
        "attempt": failed,
        "attempts": failed + 1,
        "max_retries": row["max_retries"],
        "last_error": row["last_error"],
        "timeout_seconds": row["timeout_seconds"],
        "idempotency_key": row["idempotency_key"],
        "worker_id": worker_id,
        "assigned_worker_id": worker_id,
        "lease_id": lease,
        "lease_expires_at": leased_until,
        "leased_until": leased_until,
        "created_at": row["created_at"],
        "started_at": now,
        "scheduled_at": scheduled_at_of(row),
        "tags": row["tags"],
        "workflow_id": ids.encode_optional("wf", row["workflow_id"]),
    }
    if row["workflow_id"] is not None:
        answer["key"] = row["step_key"]
        answer["parents"] = row["parents"]
    return answer if row["trace"] is None else answer | trace_fields(row["trace"])


@lru_cache(64)
def _end_of_lease(now: datetime, seconds: int) -> datetime:
    """Kept, as the jobs of one claim have the same."""
    return now + timedelta(seconds=seconds)


def summary_answer(row: Row, now: datetime) -> dict[str, Any]:
    """A job in a list, without its payload."""
    retry_count = retry_count_of(row)
    return {
        "id": ids.encode("job", row["id"]),
        "queue_name": row["queue"],
        "queue": row["queue"],
        "status": status_of(row, now),
        "priority": row["priority"],
        "retry_count": retry_count,
        "attempt": retry_count,
        "attempts": row["attempts"],
        "max_retries": row["max_retries"],
        "job_type": row["job_type"] or "",
        "last_error": row["last_error"],
        "created_at": row["created_at"],
        "scheduled_at": scheduled_at_of(row),
        "started_at": row["started_at"],
        "completed_at": row["finished_at"],
    }


def status_answer(row: Row, now: datetime) -> dict[str, Any]:
    """How a job stands, and nothing of what it is about."""
    retry_count = retry_count_of(row)
    return {
        "id": ids.encode("job", row["id"]),
        "status": status_of(row, now),
        "queue_name": row["queue"],
        "retry_count": retry_count,
        "attempt": retry_count,
        "max_retries": row["max_retries"],
        "created_at": row["created_at"],
        "started_at": row["started_at"],
        "completed_at": row["finished_at"],
    }
