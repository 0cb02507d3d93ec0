"""The gates of a claim as they stand before one job, each with its figures and a sentence for a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared import ids
from shared.jobs.model import status_of
from shared.spoken import counted, duration, listed
from shared.store import Row

MOST_BEFORE = 10_000
"""Jobs in front of one are counted up to here."""
_LONGEST_ERROR = 200


@dataclass(frozen=True, slots=True)
class Gate:
    """A condition that a job must meet, and whether it `holds` the job back.

    since, until: when that began and when it ends by itself, where known.
    """

    name: str
    holds: bool
    reason: str
    since: datetime | None = None
    until: datetime | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)

    def answer(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "verdict": "hold" if self.holds else "pass",
            "reason": self.reason,
            "since": self.since,
            "until": self.until,
            "figures": dict(self.figures),
        }


def gates_of(row: Row, parents: Sequence[Row], who: Mapping[str, str], now: datetime) -> list[Gate]:
    """Every gate of a claim before an unfinished job that nobody holds, in the order that a claim asks.

    row: of `explain_job`. parents: some that are unfinished. who: the names of those who stopped the queue.
    """
    return [
        _parents(row, parents, now),
        _due(row, now),
        _expiry(row, now),
        _paused(row, who, now),
        _enabled(row, who, now),
        _concurrency(row),
        _rate_limit(row, now),
        _order(row),
    ]


def _parents(row: Row, parents: Sequence[Row], now: datetime) -> Gate:
    if row["is_pending"]:
        return Gate("parents", holds=False, reason="It waits for no other job.")
    count = row["open_parents"]
    shown = [
        {
            "job_id": ids.encode("job", parent["id"]),
            "queue_name": parent["queue"],
            "status": status_of(parent, now),
        }
        for parent in parents
    ]
    named = [f"{parent['job_id']} ({parent['status']})" for parent in shown]
    if count > len(named):
        named.append(f"{count - len(named):,} more")
    asks_one = row["dependency_mode"] == "any" and count > 1
    waits = (
        f"It waits for {'one of ' if asks_one else ''}{counted(count, 'unfinished job', 'unfinished jobs')}"
    )
    return Gate(
        "parents",
        holds=True,
        reason=f"{waits}: {listed(named)}.",
        figures={"unfinished": count, "mode": row["dependency_mode"] or "all", "jobs": shown},
    )


def _due(row: Row, now: datetime) -> Gate:
    run_at = row["run_at"]
    if row["is_due"]:
        return Gate("due", holds=False, reason=f"Due for {duration(now - run_at)}.", since=run_at)
    reason = f"Not due for {duration(run_at - now)}"
    figures: dict[str, Any] = {"seconds": (run_at - now).total_seconds()}
    if row["attempts"]:
        runs = row["max_retries"] + 1
        figures |= {"attempts": row["attempts"], "max_attempts": runs, "last_error": row["last_error"]}
        reason += f": {row['attempts']} of {runs} attempts are used"
        if row["last_error"]:
            reason += f", the last failed with: {shortened(row['last_error'])}"
    return Gate("due", holds=True, reason=f"{reason}.", until=run_at, figures=figures)


def _expiry(row: Row, now: datetime) -> Gate:
    expires_at = row["expires_at"]
    if expires_at is None:
        return Gate("expiry", holds=False, reason="It never expires.")
    if row["is_unexpired"]:
        reason = f"It expires in {duration(expires_at - now)}."
        return Gate("expiry", holds=False, reason=reason, until=expires_at)
    reason = f"Expired for {duration(now - expires_at)}: it will be cancelled, not run."
    return Gate("expiry", holds=True, reason=reason, since=expires_at)


def _paused(row: Row, who: Mapping[str, str], now: datetime) -> Gate:
    if not row["is_paused"]:
        return Gate("paused", holds=False, reason="The queue is not paused.")
    reason = f"The queue was paused{_how_long_ago(row['paused_at'], now)}{_by(row['paused_by'], who)}"
    if row["pause_reason"]:
        reason += f": {row['pause_reason']}"
    figures = {"by": row["paused_by"], "reason": row["pause_reason"]}
    return Gate(
        "paused", holds=True, reason=f"{reason.rstrip('.')}.", since=row["paused_at"], figures=figures
    )


def _enabled(row: Row, who: Mapping[str, str], now: datetime) -> Gate:
    if not row["is_disabled"]:
        return Gate("enabled", holds=False, reason="The queue is enabled.")
    reason = f"The queue was disabled{_how_long_ago(row['disabled_at'], now)}{_by(row['disabled_by'], who)}."
    return Gate(
        "enabled", holds=True, reason=reason, since=row["disabled_at"], figures={"by": row["disabled_by"]}
    )


def _concurrency(row: Row) -> Gate:
    limit = row["concurrency"]
    if limit is None:
        return Gate("concurrency", holds=False, reason="Any number of jobs of the queue may run at once.")
    running = limit - row["free_places"]
    return Gate(
        "concurrency",
        holds=row["free_places"] < 1,
        reason=f"{running:,} of {limit:,} jobs of the queue that may run at once run.",
        figures={"limit": limit, "running": running},
    )


def _rate_limit(row: Row, now: datetime) -> Gate:
    limit = row["rate_limit"]
    if limit is None:
        return Gate(
            "rate_limit", holds=False, reason="Any number of jobs of the queue may start in a second."
        )
    figures = {"limit": limit, "free": max(0, row["free_starts"])}
    if row["free_starts"] >= 1:
        reason = f"{figures['free']:,} of {limit:,} starts a second are free."
        return Gate("rate_limit", holds=False, reason=reason, figures=figures)
    wait = timedelta(seconds=(1 - row["tokens"]) / limit)
    reason = (
        f"{counted(limit, 'start', 'starts')} a second are used up; the next is free in {duration(wait)}."
    )
    return Gate("rate_limit", holds=True, reason=reason, until=now + wait, figures=figures)


def _order(row: Row) -> Gate:
    before = min(row["before"], MOST_BEFORE)
    figures = {
        "before": before,
        "is_more": row["before"] > MOST_BEFORE,
        "of_higher_priority": min(row["before_by_priority"], MOST_BEFORE),
        "priority": row["priority"],
    }
    if not before:
        return Gate("order", holds=False, reason="No job that could run comes before it.", figures=figures)
    some = f"{'More than ' if figures['is_more'] else ''}{counted(before, 'job comes', 'jobs come')}"
    higher = figures["of_higher_priority"]
    reason = f"{some} before it, {'all' if higher == before else f'{higher:,}'} of a higher priority."
    if not higher:
        reason = f"{some} before it: of its priority and due earlier."
    return Gate("order", holds=True, reason=reason, figures=figures)


def shortened(error: str) -> str:
    """The head of an error, in one line."""
    line = " ".join(error.split())
    return line if len(line) <= _LONGEST_ERROR else f"{line[:_LONGEST_ERROR]}…"


def _how_long_ago(since: datetime | None, now: datetime) -> str:
    return "" if since is None else f" {duration(now - since)} ago"


def _by(public_id: str | None, who: Mapping[str, str]) -> str:
    if public_id is None:
        return ""
    return f" by {who[public_id]} ({public_id})" if public_id in who else f" by {public_id}"
