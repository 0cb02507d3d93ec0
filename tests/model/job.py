"""A job and a queue of the model, and a job as the service must show it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import floor, inf
from typing import Any

from tests.model.edge import Edge, verdict

SETTLED = frozenset({"completed", "deadletter", "cancelled"})


@dataclass(frozen=True)
class Between:
    """An instant of which only the bounds are known."""

    first: datetime
    last: datetime


@dataclass
class Queue:
    """What jobs inherit and what holds them, with the values of a queue that nobody configured.

    rate_limit: starts in a second, out of a bucket that holds one second's worth and fills evenly.
    left, left_at: what was in the bucket when a job was last started at a rate, and when that was.
    """

    max_retries: int = 3
    timeout_seconds: int = 300
    retry_delay_seconds: float = 1
    backoff_multiplier: float = 2
    backoff_max_seconds: float = 3600
    concurrency: int | None = None
    rate_limit: int | None = None
    left: float = 0
    left_at: datetime | None = None
    enabled: bool = True
    paused_at: datetime | None = None
    reason: str | None = None

    @property
    def is_open(self) -> bool:
        return self.enabled and self.paused_at is None

    def whole(self, name: str) -> dict[str, Any]:
        return {
            "name": name,
            "max_retries": self.max_retries,
            "timeout_seconds": self.timeout_seconds,
            "retry_delay_seconds": self.retry_delay_seconds,
            "backoff_multiplier": self.backoff_multiplier,
            "backoff_max_seconds": self.backoff_max_seconds,
            "concurrency": self.concurrency,
            "rate_limit": self.rate_limit,
            "enabled": self.is_open,
            "paused": self.paused_at is not None,
            "paused_at": self.paused_at,
            "pause_reason": self.reason,
        }

    @property
    def is_limited(self) -> bool:
        return self.concurrency is not None or self.rate_limit is not None

    def room(self, running: int, now: datetime) -> float:
        """How many jobs may start now, beside those that run."""
        room = inf if self.concurrency is None else max(0, self.concurrency - running)
        return room if self.rate_limit is None else min(room, floor(self.bucket(self.rate_limit, now)))

    def bucket(self, rate: int, now: datetime) -> float:
        if self.left_at is None:
            return rate
        return min(rate, self.left + rate * (now - self.left_at).total_seconds())

    def started(self, count: int, now: datetime) -> None:
        if self.rate_limit is not None and count:
            self.left, self.left_at = self.bucket(self.rate_limit, now) - count, now

    def backoff(self, failures: int, now: datetime) -> Between:
        delay = self.retry_delay_seconds * self.backoff_multiplier ** (failures - 1)
        first = now + timedelta(seconds=min(delay, self.backoff_max_seconds))
        return Between(first, first + timedelta(seconds=0.5))


@dataclass
class Job:
    """A job as it stands.

    run_at: a `Between` from a lapse to the first look, as nobody is told of the jitter.
    edges: by the parent's id. They are replaced and never changed, as worlds share them.
    end_cause: the verdict by which its parents cancelled it.
    """

    id: str
    queue: str
    payload: Any
    priority: int
    run_at: Any
    max_retries: int
    timeout_seconds: int
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    key: str | None
    state: str = "pending"
    attempts: int = 0
    started_at: datetime | None = None
    finished_at: datetime | None = None
    leased_until: datetime | None = None
    lease: str | None = None
    worker: str | None = None
    error: str | None = None
    result: Any = None
    workflow: str | None = None
    step: str | None = None
    mode: str | None = None
    edges: dict[str, Edge] = field(default_factory=dict)
    end_cause: str | None = None

    @property
    def is_waiting(self) -> bool:
        return self.state == "pending" and self.verdict == "waiting"

    @property
    def verdict(self) -> str:
        """What its parents make of it."""
        return verdict(self.mode, self.edges.values())

    @property
    def is_unneeded(self) -> bool:
        return self.end_cause == "unneeded"

    def is_due(self, now: datetime) -> bool:
        """One whose backoff began in this instant is not due in it."""
        is_ahead = isinstance(self.run_at, Between) or self.run_at > now
        return self.state == "pending" and not is_ahead and not self.is_expired(now) and not self.is_waiting

    def is_lapsed(self, now: datetime) -> bool:
        return self.leased_until is not None and self.leased_until <= now

    def is_expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now

    def status(self, now: datetime) -> str:
        """`scheduled` is a first run that lies ahead, and a job that waits for others."""
        is_ahead = not isinstance(self.run_at, Between) and self.run_at > now and not self.attempts
        is_scheduled = self.state == "pending" and (is_ahead or self.is_waiting)
        return "scheduled" if is_scheduled else self.state

    @property
    def scheduled_at(self) -> Any:
        return None if self.run_at == self.created_at else self.run_at

    @property
    def retry_count(self) -> int:
        """Failed attempts: the run under way, and the last of a job that is done, is none."""
        return self.attempts if self.state in {"pending", "cancelled"} else max(0, self.attempts - 1)

    def whole(self, now: datetime) -> dict[str, Any]:
        return {
            "id": self.id,
            "queue_name": self.queue,
            "queue": self.queue,
            "status": self.status(now),
            "payload": self.payload,
            "result": self.result,
            "retry_count": self.retry_count,
            "attempt": self.retry_count,
            "attempts": self.attempts,
            "max_retries": self.max_retries,
            "last_error": self.error,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "scheduled_at": self.scheduled_at,
            "started_at": self.started_at,
            "completed_at": self.finished_at,
            "expires_at": self.expires_at,
            "priority": self.priority,
            "timeout_seconds": self.timeout_seconds,
            "assigned_worker_id": self.worker,
            "lease_id": self.lease if self.state == "processing" else None,
            "lease_expires_at": self.leased_until,
            "leased_until": self.leased_until,
            "idempotency_key": self.key,
            "workflow_id": self.workflow,
            "dependency_mode": self.mode,
        } | ({} if self.state == "cancelled" else {"dependencies_met": not self.is_waiting})

    def claimed(self, now: datetime) -> dict[str, Any]:
        """What the worker hears that just took it."""
        left_out = {
            "result",
            "updated_at",
            "completed_at",
            "expires_at",
            "dependency_mode",
            "dependencies_met",
        }
        shown = {name: value for name, value in self.whole(now).items() if name not in left_out}
        return shown | {"worker_id": self.worker}
