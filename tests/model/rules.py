"""The rules of the model: which job is next, who holds it, and what a failed attempt comes to."""

from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from tests.model.graph import Graph
from tests.model.job import SETTLED, Between, Job, Queue

Answer = tuple[int, Any]
"""A status, and of the body what must be in it."""
KEYS_LAST = timedelta(hours=24)
NOT_FOUND: Answer = (404, {"code": "NOT_FOUND"})
CONFLICT: Answer = (409, {"code": "CONFLICT"})
STALE: Answer = (409, {"code": "LEASE_EXPIRED"})


@dataclass
class Rules(Graph):
    """One organization as it stands.

    seen: the answer to the act that is under way.
    """

    queues: dict[str, Queue] = field(default_factory=dict)
    keys: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    leases: set[str] = field(default_factory=set)
    seen: Answer = (0, None)

    def copy(self) -> Self:
        """Another world that begins like this one."""
        queues = {name: copy(queue) for name, queue in self.queues.items()}
        jobs = {job_id: copy(job) for job_id, job in self.jobs.items()}
        return type(self)(self.now, jobs, {**self.workflows}, queues, {**self.keys}, {*self.leases})

    def told(self, *path: Any) -> Any:
        """A part of the body that was seen; None where there is none."""
        found = self.seen[1]
        for name in path:
            try:
                found = found[name]
            except (KeyError, IndexError, TypeError):
                return None
        return found

    def known_key(self, key: str | None) -> str | None:
        job_id, until = self.keys.get(key or "", (None, self.now))
        return job_id if until > self.now else None

    def holds(self, job_id: str, lease: str) -> bool:
        job = self.jobs.get(job_id)
        return job is not None and job.state == "processing" and job.lease == lease

    def has_lapsed(self, queue: str) -> bool:
        return any(job.queue == queue and job.is_lapsed(self.now) for job in self.jobs.values())

    def left_to_timers(self) -> set[str]:
        """The jobs that change by themselves."""
        changing = (job for job in self.jobs.values() if job.is_lapsed(self.now) or job.is_expired(self.now))
        return {job.id for job in changing}

    def recover(self, queue: str, passed: frozenset[str] = frozenset()) -> None:
        """Whose lease has lapsed has failed an attempt."""
        for job in self.jobs.values():
            if job.queue == queue and job.is_lapsed(self.now) and job.id not in passed:
                self.failed(job, "Lease expired", no_retry=False)

    def make(self, asked: dict[str, Any], job_id: Any) -> Job:
        assert isinstance(job_id, str)
        assert job_id not in self.jobs
        name, key, now = asked["queue"], asked.get("idempotency_key"), self.now
        queue = self.queues.setdefault(name, Queue())
        self.jobs[job_id] = Job(
            id=job_id,
            queue=name,
            payload=asked["payload"],
            priority=asked.get("priority", 0),
            run_at=now + timedelta(seconds=asked.get("delay_seconds", 0)),
            max_retries=asked.get("max_retries", queue.max_retries),
            timeout_seconds=asked.get("timeout_seconds", queue.timeout_seconds),
            created_at=now,
            updated_at=now,
            expires_at=asked.get("expires_at"),
            key=key,
        )
        if key is not None:
            self.keys[key] = job_id, now + KEYS_LAST
        return self.jobs[job_id]

    def take(
        self, seen: Any, name: str, worker: str, limit: int, lease: int | None, passed: frozenset[str]
    ) -> list[dict[str, Any]]:
        """By priority, then age. Jobs that others are at in this instant (`passed`) may be passed over."""
        queue = self.queues.get(name)
        if queue is None or not queue.is_open:
            return []
        leases = {job.get("id"): job.get("lease_id") for job in seen or []}
        due = self._due(name, passed - {*leases})
        if queue.is_limited or not due:
            self.recover(name, passed)
            # What waited for such a job to fail may run now.
            due = self._due(name, passed - {*leases})
        running = sum(job.queue == name and job.state == "processing" for job in self.jobs.values())
        due = due[: int(min(limit, queue.room(running, self.now)))]
        queue.started(len(due), self.now)
        for job in due:
            job.state, job.attempts, job.worker = "processing", job.attempts + 1, worker
            job.started_at = job.updated_at = self.now
            job.leased_until = self.now + timedelta(seconds=lease or job.timeout_seconds)
            job.lease = self._fresh(leases.get(job.id))
            self.started(job)
        return [job.claimed(self.now) | self.heard(job) for job in due]

    def _due(self, name: str, passed: frozenset[str]) -> list[Job]:
        due = [job for job in self.jobs.values() if job.queue == name and job.is_due(self.now)]
        left = [job for job in due if job.id not in passed]
        return sorted(left, key=lambda job: (-job.priority, job.run_at, job.id))

    def heard(self, job: Job) -> dict[str, Any]:
        """What a step is told of those that it waited for."""
        workflow = self.workflows.get(job.workflow or "")
        if workflow is None:
            return {}
        done = {key: self.jobs.get(job_id) for key, job_id in workflow.steps.items() if job_id in job.edges}
        results = {key: step.result for key, step in done.items() if step and step.state == "completed"}
        return {"key": job.step, "parents": results}

    def _fresh(self, lease: Any) -> Any:
        """A lease never comes again."""
        assert lease not in self.leases
        self.leases.add(lease)
        return lease

    def refused(self, job_id: str, worker: str | None, lease: str | None) -> Answer | None:
        job = self.jobs.get(job_id)
        if job is None:
            return NOT_FOUND
        if job.state in SETTLED:
            return already(job)
        if lease is not None and (job.state != "processing" or lease != job.lease):
            return STALE
        if job.state != "processing":
            return CONFLICT
        if job.is_lapsed(self.now):
            return STALE
        return None if worker in (None, job.worker) else CONFLICT

    def let_go(self, job: Job, run_at: Any) -> Job:
        job.state, job.run_at, job.updated_at = "pending", run_at, self.now
        job.lease = job.leased_until = job.worker = None
        return job

    def done(self, job_id: str, result: Any) -> Job:
        job = self.jobs[job_id]
        job.result = result
        self.end("completed", job)
        return job

    def failed(self, job: Job, error: str, *, no_retry: bool) -> Job:
        job.error = error
        if no_retry or job.attempts > job.max_retries:
            self.end("deadletter", job)
            return job
        return self.let_go(job, self.queues[job.queue].backoff(job.attempts, self.now))

    def dead(self, queue: str | None) -> list[Job]:
        dead = [job for job in self.jobs.values() if job.state == "deadletter" and queue in (None, job.queue)]
        return sorted(dead, key=lambda job: job.id)


def already(job: Job) -> Answer:
    return 409, {"code": "CONFLICT", "message": f"Job is already {job.state}"}


def within(seen: Any, bounds: Any) -> Any:
    """The instant that was seen, where it may be that."""
    is_one = isinstance(seen, datetime) and isinstance(bounds, Between)
    return seen if is_one and bounds.first <= seen <= bounds.last else bounds
