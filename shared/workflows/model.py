"""A workflow and its steps as the API shows them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared import ids
from shared.jobs.model import retry_count_of, status_of
from shared.store import Row

STATUSES = ("pending", "running", "completed", "failed", "cancelled")
STEP_COLUMNS = (
    "id, queue, state, priority, run_at, attempts, max_retries, timeout_seconds, tags, created_at,"
    " started_at, parent_job_id, workflow_id, step_key, dependency_mode, last_error,"
    " payload ->> 'job_type' AS job_type, CASE WHEN %(whole)s::boolean THEN payload END AS payload"
)
_DEAD = ("failed", "deadletter")


def summary_answer(row: Row) -> dict[str, Any]:
    """A workflow in a list."""
    return {
        "id": ids.encode("wf", row["id"]),
        "name": row["name"],
        "description": row["description"],
        "status": row["state"],
        "total_jobs": row["total_jobs"],
        "completed_jobs": row["completed_jobs"],
        "failed_jobs": row["failed_jobs"],
        "progress_percent": progress_percent(row),
        "created_at": row["created_at"],
        "started_at": row["started_at"],
        "completed_at": row["completed_at"],
        "metadata": row["metadata"],
    }


def progress_percent(row: Row) -> float:
    """The share of steps that are done or turned out not to be needed; exactly 100 when nothing is left."""
    done: int = row["completed_jobs"] + row["skipped_jobs"]
    total: int = row["total_jobs"]
    return round(100 * done / total, 2)


def detail_answer(row: Row, steps: Sequence[Row], now: datetime) -> dict[str, Any]:
    """A workflow whole, with its steps and what they wait for."""
    return _connected(row, steps) | {
        "organization_id": ids.encode("org", row["org_id"]),
        "jobs": step_answers(steps, now),
    }


def graph_answer(row: Row, steps: Sequence[Row], now: datetime) -> dict[str, Any]:
    """A workflow and what its steps wait for, without what they carry."""
    return _connected(row, steps) | {"steps": [_node_answer(step, now) for step in steps]}


def _connected(row: Row, steps: Sequence[Row]) -> dict[str, Any]:
    processing = sum(step["state"] == "processing" for step in steps)
    cancelled = row["cancelled_jobs"] + row["skipped_jobs"]
    ended = row["completed_jobs"] + row["failed_jobs"] + cancelled
    return summary_answer(row) | {
        "workflow_id": ids.encode("wf", row["id"]),
        "dependencies": [
            {
                "parent_job_id": ids.encode("job", parent_id),
                "child_job_id": ids.encode("job", step["id"]),
                "dependency_type": kind,
            }
            for step in steps
            for parent_id, kind in zip(step["parent_ids"], step["parent_types"], strict=True)
        ],
        "progress": {
            "total": row["total_jobs"],
            "completed": row["completed_jobs"],
            "failed": row["failed_jobs"],
            "pending": max(0, row["total_jobs"] - ended - processing),
            "processing": processing,
            "cancelled": cancelled,
        },
    }


def step_answers(steps: Sequence[Row], now: datetime) -> list[dict[str, Any]]:
    """The jobs of a workflow. A parent outside of it is named by its job id instead of a key."""
    keys = {step["id"]: step["step_key"] for step in steps}
    return [_step_answer(step, keys, now) for step in steps]


def step_status_answer(step: Row, now: datetime) -> dict[str, Any]:
    """Where a step is."""
    return {
        "key": step["step_key"],
        "job_id": ids.encode("job", step["id"]),
        "status": status_of(step, now),
        "progress": 100 if step["state"] == "completed" else None,
    }


def _node_answer(step: Row, now: datetime) -> dict[str, Any]:
    return {
        "id": ids.encode("job", step["id"]),
        "key": step["step_key"],
        "queue_name": step["queue"],
        "job_type": step["job_type"] or "",
        "status": status_of(step, now),
        "attempt": retry_count_of(step),
        "max_retries": step["max_retries"],
        "last_error": step["last_error"],
        "dependency_mode": step["dependency_mode"],
        "created_at": step["created_at"],
        "started_at": step["started_at"],
        "completed_at": step["finished_at"],
    }


def _step_answer(step: Row, keys: dict[int, str], now: datetime) -> dict[str, Any]:
    failed = step["state"] in _DEAD
    return {
        "id": ids.encode("job", step["id"]),
        "workflow_id": ids.encode("wf", step["workflow_id"]),
        "key": step["step_key"],
        "name": step["step_key"],
        "queue_name": step["queue"],
        "queue": step["queue"],
        "job_type": step["job_type"] or "",
        "status": status_of(step, now),
        "payload": step["payload"],
        "result": step["result"],
        "error": {"type": "JobFailed", "message": step["last_error"] or ""} if failed else None,
        "metadata": step["tags"],
        "priority": step["priority"],
        "max_retries": step["max_retries"],
        "attempt": retry_count_of(step),
        "timeout_seconds": step["timeout_seconds"],
        "timeout_ms": step["timeout_seconds"] * 1000,
        "depends_on": [keys.get(parent) or ids.encode("job", parent) for parent in step["parent_ids"]],
        "dependency_mode": step["dependency_mode"],
        "parent_job_id": ids.encode_optional("job", step["parent_job_id"]),
        "created_at": step["created_at"],
        "started_at": step["started_at"],
        "completed_at": step["finished_at"],
    }
