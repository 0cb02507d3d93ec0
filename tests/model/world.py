"""The life of jobs as plain Python: what the service must answer, one act after the other.

What nobody can know beforehand (ids, leases, jitter) is read from the answer that was seen, and checked.
"""

from datetime import timedelta
from typing import Any

from tests.model.flows import Flows
from tests.model.job import SETTLED, Queue
from tests.model.rules import CONFLICT, NOT_FOUND, Answer, already, within

NOBODY: frozenset[str] = frozenset()


class World(Flows):
    """One organization, and what can be done to it: each act gives the answer that it must have.

    passed: jobs that others are at in this instant, which a claim may pass over.
    """

    # What clients do.

    def enqueue(self, job: dict[str, Any]) -> Answer:
        known = self.known_key(job.get("idempotency_key"))
        if known is not None and known not in self.jobs:
            return CONFLICT
        made = self.make(job, self.told("id")) if known is None else self.jobs[known]
        return 201 if known is None else 200, made.whole(self.now) | {"created": known is None}

    def enqueue_many(self, jobs: list[dict[str, Any]]) -> Answer:
        succeeded = []
        for index, job in enumerate(jobs):
            known = self.known_key(job.get("idempotency_key"))
            job_id = known or self.make(job, self.told("succeeded", index, "job_id")).id
            succeeded.append({"index": index, "job_id": job_id, "created": known is None})
        counts = {"total": len(jobs), "success_count": len(jobs), "failure_count": 0}
        return 200, {"succeeded": succeeded, "failed": [], **counts}

    def claim(self, queue: str, worker: str, limit: int, lease: int | None, passed: Any = NOBODY) -> Answer:
        return 200, {"jobs": self.take(self.told("jobs"), queue, worker, limit, lease, passed)}

    def dequeue(self, queue: str, worker: str, lease: int | None, passed: Any = NOBODY) -> Answer:
        taken = self.take([self.seen[1]] if self.seen[1] else [], queue, worker, 1, lease, passed)
        return 200, taken[0] if taken else None

    def complete(self, job_id: str, worker: str | None, lease: str | None, result: Any) -> Answer:
        if refused := self.refused(job_id, worker, lease):
            return refused
        return 200, self.done(job_id, result).whole(self.now) | {"success": True}

    def complete_and_claim(
        self,
        job_id: str,
        worker: str,
        lease: str | None,
        queue: str,
        passed: Any = NOBODY,
    ) -> Answer:
        if refused := self.refused(job_id, worker, lease):
            return refused
        done = self.done(job_id, None).whole(self.now) | {"success": True}
        return 200, done | {"next": self.take(self.told("next"), queue, worker, 1, None, passed)}

    def complete_many(self, holds: list[tuple[str, str | None]]) -> Answer:
        results: list[dict[str, Any]] = []
        for place, (job_id, lease) in enumerate(holds):
            if job_id in [other for other, _ in holds[:place]]:
                results.append({"id": job_id, "success": False, "code": "CONFLICT"})
            elif refused := self.refused(job_id, None, lease):
                results.append({"id": job_id, "success": False, "code": refused[1]["code"]})
            else:
                self.done(job_id, None)
                results.append({"id": job_id, "success": True, "status": "completed"})
        return 200, {"results": results}

    def fail(
        self, job_id: str, worker: str | None, lease: str | None, error: str, *, no_retry: bool
    ) -> Answer:
        if refused := self.refused(job_id, worker, lease):
            return refused
        job = self.failed(self.jobs[job_id], error, no_retry=no_retry)
        again = job.state == "pending"
        if again:
            job.run_at = within(self.told("next_retry_at"), job.run_at)
        more = {"success": True, "will_retry": again, "next_retry_at": job.run_at if again else None}
        return 200, job.whole(self.now) | more

    def heartbeat(self, job_id: str, worker: str | None, lease: str | None, seconds: int) -> Answer:
        if refused := self.refused(job_id, worker, lease):
            return refused
        job = self.jobs[job_id]
        job.leased_until, job.updated_at = self.now + timedelta(seconds=seconds), self.now
        return 200, {"success": True, "lease_expires_at": job.leased_until, "leased_until": job.leased_until}

    def release(self, job_id: str, worker: str | None, lease: str | None, delay: int) -> Answer:
        if refused := self.refused(job_id, worker, lease):
            return refused
        job = self.let_go(self.jobs[job_id], self.now + timedelta(seconds=delay))
        job.attempts -= 1
        return 200, job.whole(self.now) | {"success": True}

    def cancel(self, job_id: str) -> Answer:
        job = self.jobs.get(job_id)
        if job is None:
            return NOT_FOUND
        if job.state != "pending":
            return already(job) if job.state in SETTLED else CONFLICT
        self.end("cancelled", job)
        return 204, None

    def retry(self, job_id: str) -> Answer:
        job = self.jobs.get(job_id)
        if job is None:
            return NOT_FOUND
        if job.state != "deadletter":
            return CONFLICT
        self.revive(job)
        return 200, job.whole(self.now)

    def retry_dead(
        self, named: list[str] | None, queue: str | None, limit: int, passed: frozenset[str] = NOBODY
    ) -> Answer:
        """One that it found first and lost to another act is skipped, and took up room."""
        lost = {*(self.told("skipped_jobs") or ())} & passed - {*(named or ())}
        found = {job.id for job in self.dead(queue) if named is None or job.id in named} | lost
        chosen = sorted(found)[:limit]
        revived = [job_id for job_id in chosen if job_id not in lost]
        self.revive(*(self.jobs[job_id] for job_id in revived))
        skipped = [job_id for job_id in dict.fromkeys([*(named or ()), *chosen]) if job_id not in revived]
        answer = {"retried_count": len(revived), "retried_jobs": revived, "skipped_jobs": skipped}
        return 200, answer

    def purge_dead(self, queue: str | None, limit: int) -> Answer:
        doomed = self.dead(queue)[:limit]
        for job in doomed:
            self.delete(job)
        return 200, {"purged_count": len(doomed)}

    def set_priority(self, job_id: str, priority: int) -> Answer:
        job = self.jobs.get(job_id)
        if job is None or job.state != "pending":
            return NOT_FOUND
        old, job.priority, job.updated_at = job.priority, priority, self.now
        return 200, {"job_id": job_id, "old_priority": old, "new_priority": priority}

    def configure(self, queue: str, fields: dict[str, Any]) -> Answer:
        found = self.queues.setdefault(queue, Queue())
        for name, value in fields.items():
            setattr(found, name, value)
        if fields.get("enabled"):
            found.paused_at = found.reason = None
        return 200, found.whole(queue)

    def pause(self, queue: str, reason: str | None) -> Answer:
        found = self.queues.get(queue)
        if found is None:
            return NOT_FOUND
        found.paused_at, found.reason = found.paused_at or self.now, reason or found.reason
        return 200, {"paused": True, "paused_at": found.paused_at, "reason": found.reason}

    def resume(self, queue: str) -> Answer:
        found = self.queues.get(queue)
        if found is None:
            return NOT_FOUND
        seconds = int((self.now - (found.paused_at or self.now)).total_seconds())
        found.paused_at, found.reason, found.enabled = None, None, True
        return 200, {"resumed": True, "paused_duration_secs": seconds}

    def get(self, job_id: str) -> Answer:
        job = self.jobs.get(job_id)
        if job is None:
            return NOT_FOUND
        job.run_at = within(self.told("scheduled_at"), job.run_at)
        return 200, job.whole(self.now)

    def get_queue(self, queue: str) -> Answer:
        found = self.queues.get(queue)
        return NOT_FOUND if found is None else (200, found.whole(queue))

    def listed(self, status: str) -> Answer:
        found = sorted(
            (job for job in self.jobs.values() if job.status(self.now) == status), key=lambda job: job.id
        )
        names = (
            "id",
            "queue_name",
            "status",
            "priority",
            "attempts",
            "max_retries",
            "last_error",
            "scheduled_at",
        )
        return 200, [{name: job.whole(self.now)[name] for name in names} for job in reversed(found)]

    def stats(self) -> Answer:
        names = "pending", "scheduled", "processing", "completed", "failed", "deadletter", "cancelled"
        counts = dict.fromkeys(names, 0)
        for job in self.jobs.values():
            counts[job.status(self.now)] += 1
        return 200, counts | {"total": len(self.jobs)}

    # What happens by itself.

    def lapse(self, queue: str) -> Answer:
        self.recover(queue)
        return 0, None

    def expire(self) -> Answer:
        expired = [job for job in self.jobs.values() if job.state == "pending" and job.is_expired(self.now)]
        self.end("cancelled", *expired)
        return 0, None
