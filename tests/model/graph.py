"""Which jobs wait for which: what the end of one does to the others, and what a retry brings back."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from tests.model.job import SETTLED, Job


@dataclass(frozen=True)
class Workflow:
    """steps: job ids by key, as they were given. gone: the steps of which only the count is left."""

    id: str
    name: str
    steps: dict[str, str]
    created_at: datetime
    status: str = "pending"
    started_at: datetime | None = None
    completed_at: datetime | None = None
    gone: dict[str, Job] = field(default_factory=dict)


@dataclass
class Graph:
    """Jobs and workflows of one organization, where time stands still until somebody moves it."""

    now: datetime
    jobs: dict[str, Job] = field(default_factory=dict)
    workflows: dict[str, Workflow] = field(default_factory=dict)

    def end(self, state: str, *jobs: Job) -> None:
        """They end together, and with them what can never run without them."""
        for job in jobs:
            job.state, job.finished_at, job.updated_at, job.leased_until = state, self.now, self.now, None
        ended: Sequence[Job] = jobs
        while ended:
            self._tell(ended)
            pending = [job for job in self.jobs.values() if job.state == "pending"]
            ended = [job for job in pending if job.verdict in {"doomed", "unneeded"}]
            for job in ended:
                job.state, job.end_cause = "cancelled", job.verdict
                job.finished_at = job.updated_at = self.now
        self._count()

    def _tell(self, ended: Sequence[Job]) -> None:
        for child in self.jobs.values():
            parents = [job for job in ended if job.id in child.edges]
            if parents and child.is_waiting:
                child.updated_at = self.now
            told = {
                parent.id: child.edges[parent.id].told(parent.state, unneeded=parent.is_unneeded)
                for parent in parents
                if child.edges[parent.id].outcome == "open"
            }
            child.edges = child.edges | told

    def _count(self) -> None:
        for workflow in self.workflows.values():
            self._count_one(workflow)

    def _count_one(self, workflow: Workflow) -> None:
        if workflow.status == "cancelled":
            return
        steps = self.steps_of(workflow)
        is_well = all(step.state == "completed" or step.is_unneeded for step in steps)
        if any(step.state not in SETTLED for step in steps):
            if workflow.status in {"completed", "failed"}:
                self.change(workflow, status="running", completed_at=None)
        else:
            ended = workflow.completed_at or self.now
            self.change(workflow, status="completed" if is_well else "failed", completed_at=ended)

    def change(self, workflow: Workflow, **fields: Any) -> None:
        self.workflows[workflow.id] = replace(self.workflows[workflow.id], **fields)

    def steps_of(self, workflow: Workflow) -> list[Job]:
        """Also those that are gone."""
        return [self.jobs.get(job_id) or workflow.gone[job_id] for job_id in workflow.steps.values()]

    def started(self, job: Job) -> None:
        """A worker took it."""
        workflow = self.workflows.get(job.workflow or "")
        if workflow is not None:
            status = "running" if workflow.status == "pending" else workflow.status
            self.change(workflow, status=status, started_at=workflow.started_at or self.now)

    def delete(self, job: Job) -> None:
        del self.jobs[job.id]
        workflow = self.workflows.get(job.workflow or "")
        if workflow is not None:
            self.change(workflow, gone=workflow.gone | {job.id: job})

    def revive(self, *jobs: Job) -> None:
        """Those of them that can run, and what was cancelled because of them, begin again."""
        named = {job.id for job in jobs}
        back = [job for job in jobs if job.verdict in {"ready", "waiting"}]
        while back:
            for job in back:
                job.state, job.run_at, job.updated_at, job.attempts = "pending", self.now, self.now, 0
                job.error = job.started_at = job.finished_at = job.expires_at = job.end_cause = None
                job.lease = job.leased_until = job.worker = None
            for child in self.jobs.values():
                again = {job.id: child.edges[job.id].reopened() for job in back if job.id in child.edges}
                child.edges = child.edges | again
            back = [job for job in self._stopped(named) if job.verdict in {"ready", "waiting"}]
        self._forgive(named)
        self._count()

    def _stopped(self, named: Collection[str]) -> list[Job]:
        """What a failure stopped, and of those that are named what anything did."""
        stopped = [job for job in self.jobs.values() if job.end_cause == "doomed" or job.id in named]
        return [job for job in stopped if job.state in {"cancelled", "deadletter"} and not job.is_unneeded]

    def _forgive(self, named: Collection[str]) -> None:
        """Some of what stays cancelled nobody needs any more."""
        forgiven: Collection[Job] = self.jobs.values()
        while forgiven:
            forgiven = [job for job in self._stopped(named) if job.verdict == "unneeded"]
            for job in forgiven:
                job.end_cause = "unneeded"
            for child in self.jobs.values():
                told = {
                    job.id: child.edges[job.id].told(job.state, unneeded=True)
                    for job in forgiven
                    if job.id in child.edges
                }
                child.edges = child.edges | told

    def children(self, job_id: str) -> list[Job]:
        return [job for job in self.jobs.values() if job_id in job.edges]

    def below(self, job_ids: Iterable[str]) -> set[str]:
        """Those and all that waits for them, directly or not."""
        found: set[str] = set()
        ahead = {*job_ids}
        while ahead:
            found |= ahead
            ahead = {job.id for job in self.jobs.values() if not ahead.isdisjoint(job.edges)} - found
        return found
