"""The one gate before a job that no claim would look at: somebody holds it, or it is over."""

from datetime import datetime

from shared import ids
from shared.jobs.verdicts import Gate, shortened
from shared.spoken import counted, duration
from shared.store import Row


def state_gate(row: Row, now: datetime) -> Gate:
    """Who holds the job and for how long, or how it ended and what runs it again."""
    runs = row["max_retries"] + 1
    attempts = f"{row['attempts']} of {counted(runs, 'attempt', 'attempts')}"
    figures = {"attempts": row["attempts"], "max_attempts": runs, "worker_id": row["worker_id"]}
    if row["state"] == "processing":
        return Gate(
            "state",
            holds=True,
            reason=_held(row, attempts, now),
            since=row["started_at"],
            until=row["leased_until"],
            figures=figures,
        )
    ago = duration(now - row["finished_at"])
    if row["state"] == "completed":
        reason = f"It was completed {ago} ago by worker {row['worker_id']}, with {attempts}."
    elif row["state"] == "cancelled":
        why = next((entry["reason"] for entry in reversed(row["log"]) if entry.get("reason")), None)
        reason = f"It was cancelled {ago} ago{'' if why is None else f': {why}'}."
        figures |= {"reason": why}
    else:
        retry = f"POST /api/v1/jobs/{ids.encode('job', row['id'])}/retry"
        error = shortened(row["last_error"] or "unknown")
        reason = f"It died {ago} ago after {attempts}, the last failed with: {error}; {retry} runs it again."
        figures |= {"last_error": row["last_error"], "retry": retry}
    return Gate("state", holds=True, reason=reason, since=row["finished_at"], figures=figures)


def _held(row: Row, attempts: str, now: datetime) -> str:
    left = row["leased_until"] - now
    if left.total_seconds() > 0:
        return f"Worker {row['worker_id']} runs it, {attempts}; its lease ends in {duration(left)}."
    return (
        f"The lease of worker {row['worker_id']} lapsed {duration(-left)} ago, {attempts}: the next claim of"
        " the queue takes it back, or a timer within a minute."
    )
