"""The history of a job, read from its row: its making, what its attempts ran into, what it is now."""

import hashlib
from datetime import datetime
from typing import Any

from shared import ids
from shared.store import Row

_DETAILS = ("attempt", "error", "will_retry", "reason", "from")


def events_of(row: Row) -> list[dict[str, Any]]:
    """All that is known of what happened to a job, oldest first. An event keeps its id."""
    made = {"queue_name": row["queue"], "priority": row["priority"], "run_at": row["run_at"]}
    events = [_event(row, "created", row["created_at"], None, made)]
    for entry in row["log"]:
        known = {name: entry[name] for name in _DETAILS if name in entry}
        if entry.get("claimed_at"):
            attempt = {"attempt": entry["attempt"]}
            events.append(
                _event(row, "claimed", _instant(entry["claimed_at"]), entry.get("worker_id"), attempt)
            )
        events.append(_event(row, entry["event"], _instant(entry["at"]), entry.get("worker_id"), known))
    last = {"attempt": row["attempts"]}
    if row["state"] in {"processing", "completed"}:
        events.append(_event(row, "claimed", row["started_at"], row["worker_id"], last))
    if row["state"] == "completed":
        events.append(_event(row, "completed", row["finished_at"], row["worker_id"], last))
    return events


def _event(
    row: Row, event_type: str, at: datetime, worker_id: str | None, details: dict[str, Any]
) -> dict[str, Any]:
    name = f"{row['id']} {event_type} {at.timestamp()} {details.get('attempt')}"
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return {
        "id": ids.encode("evt", int.from_bytes(digest) >> 1),
        "job_id": ids.encode("job", row["id"]),
        "event_type": event_type,
        "worker_id": worker_id,
        "details": details,
        "created_at": at,
    }


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
