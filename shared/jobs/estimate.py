"""When a job will start, as far as the figures tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.jobs.verdicts import MOST_BEFORE, Gate
from shared.spoken import counted, duration
from shared.store import Row
from shared.workers.model import GONE_AFTER

SAMPLE = 100
"""Jobs that ended lately and tell the pace of a queue."""
_WAITS_FOR = {
    "parents": "It starts after the jobs that it waits for, and nobody knows when these end.",
    "expiry": "It will never start.",
    "paused": "It starts after the queue is resumed: POST /api/v1/queues/{queue}/resume.",
    "enabled": "It starts after the queue is enabled: POST /api/v1/queues/{queue}/resume.",
    "workers": "It starts when a worker asks for jobs of the queue.",
}
_FAR = timedelta(days=36_500)


@dataclass(frozen=True, slots=True)
class Signs:
    """Whether anybody works for a queue, and how fast.

    workers: registered ones that are heard of. waiting: consumers that stand in line in this process.
    a_second: jobs of the queue that end, None where too few did.
    """

    workers: int
    waiting: int
    seen_at: datetime | None
    ended: int
    a_second: float | None


def signs_of(row: Row, waiting: int, now: datetime) -> Signs:
    """From a row of `find_signs`."""
    seen = [row[name] for name in ("heard_at", "touched_at", "worked_at") if row[name] is not None]
    span = (now - row["first_ended_at"]).total_seconds() if row["ended"] > 1 else 0
    return Signs(
        workers=row["workers"],
        waiting=waiting,
        seen_at=now if waiting else max(seen, default=None),
        ended=row["ended"],
        a_second=row["ended"] / span if span > 0 else None,
    )


def workers_gate(signs: Signs, now: datetime) -> Gate:
    """Whether anybody asks for jobs of the queue. A claim does not look at this: it is that somebody."""
    figures: dict[str, Any] = {"registered": signs.workers, "waiting": signs.waiting, "silent_seconds": None}
    if signs.seen_at is None:
        return Gate("workers", holds=True, reason="No worker of the queue has been seen.", figures=figures)
    silence = max(timedelta(0), now - signs.seen_at)
    figures["silent_seconds"] = silence.total_seconds()
    if silence > GONE_AFTER:
        reason = f"No worker of the queue has been seen for {duration(silence)}."
        return Gate("workers", holds=True, reason=reason, since=signs.seen_at, figures=figures)
    if signs.waiting:
        reason = f"{counted(signs.waiting, 'consumer waits', 'consumers wait')} for jobs of the queue."
    elif signs.workers:
        reason = f"{counted(signs.workers, 'worker is', 'workers are')} registered for the queue."
    else:
        reason = f"A worker of the queue was seen {duration(silence)} ago."
    return Gate("workers", holds=False, reason=reason, figures=figures)


def estimate(
    row: Row, gates: Sequence[Gate], signs: Signs, queue: str, now: datetime
) -> Mapping[str, datetime | str | None]:
    """When the job starts, or None, and in a sentence what that is built on."""
    holding = {gate.name for gate in gates if gate.holds}
    for name, basis in _WAITS_FOR.items():
        if name in holding:
            return _answer(None, basis.format(queue=queue))
    if not holding:
        return _answer(now, "The next claim takes it.")
    at, bases = max(now, row["run_at"]), []
    if "due" in holding:
        bases.append("it is due then")
    before = min(row["before"], MOST_BEFORE)
    turns = before + (1 - row["free_places"] if "concurrency" in holding else 0)
    if turns and signs.a_second is None:
        jobs = counted(turns, "job", "jobs")
        return _answer(None, f"{jobs} must start or end first, and too few ended lately to tell the pace.")
    if turns and signs.a_second is not None:
        at = max(at, now + _within_reason(turns / signs.a_second))
        pace = duration(timedelta(seconds=signs.ended / signs.a_second))
        bases.append(
            f"{counted(turns, 'job', 'jobs')} must start or end first, and the last"
            f" {counted(signs.ended, 'job', 'jobs')} of the queue that ended took {pace}"
        )
    if row["rate_limit"] is not None and (wait := (before + 1 - row["tokens"]) / row["rate_limit"]) > 0:
        at = max(at, now + timedelta(seconds=wait))
        bases.append(f"{counted(row['rate_limit'], 'job', 'jobs')} of the queue may start in a second")
    if row["expires_at"] is not None and at >= row["expires_at"]:
        return _answer(None, f"It expires before its turn: {', '.join(bases)}.")
    basis = f"{', '.join(bases)}{', so at the earliest' if row['before'] > MOST_BEFORE else ''}."
    return _answer(at, basis[0].upper() + basis[1:])


def _answer(starts_at: datetime | None, basis: str) -> Mapping[str, datetime | str | None]:
    return {"starts_at": starts_at, "basis": basis}


def _within_reason(seconds: float) -> timedelta:
    return min(_FAR, timedelta(seconds=min(seconds, _FAR.total_seconds())))
