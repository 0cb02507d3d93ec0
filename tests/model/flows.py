"""The acts on workflows and dependencies, with the answers that they must have."""

from typing import Any

from tests.model.edge import Edge, verdict
from tests.model.graph import Workflow
from tests.model.job import SETTLED, Job
from tests.model.rules import CONFLICT, NOT_FOUND, Answer, Rules

REFUSED: Answer = (400, {"code": "VALIDATION_ERROR"})


class Flows(Rules):
    """What can be done to jobs that wait for each other."""

    def create_workflow(self, name: str, steps: list[dict[str, Any]]) -> Answer:
        keys = [step["key"] for step in steps]
        needs = {step["key"]: {*step["depends_on"]} for step in steps}
        unknown = {parent for parents in needs.values() for parent in parents}.difference(keys)
        if len(needs) < len(keys) or unknown or _has_cycle(needs):
            return REFUSED
        made: dict[str, str] = {}
        for place, step in enumerate(steps):
            job = self.make(step, self.told("job_ids", place, "job_id"))
            job.step, job.mode = step["key"], step.get("dependency_mode", "all")
            made[step["key"]] = job.id
        workflow = Workflow(self.told("id"), name, made, self.now)
        assert workflow.id not in self.workflows
        self.workflows[workflow.id] = workflow
        for step in steps:
            job = self.jobs[made[step["key"]]]
            job.workflow = workflow.id
            job.edges = {
                made[key]: Edge(step.get("dependency_type", "success")) for key in step["depends_on"]
            }
        ids = [{"key": key, "job_id": job_id} for key, job_id in made.items()]
        shown = {"id": workflow.id, "workflow_id": workflow.id, "name": name, "status": "pending"}
        return 201, shown | {"job_ids": ids, "created_at": self.now}

    def cancel_workflow(self, workflow_id: str) -> Answer:
        workflow = self.workflows.get(workflow_id)
        if workflow is None:
            return NOT_FOUND
        if workflow.status in {"completed", "failed"}:
            return CONFLICT
        if workflow.status != "cancelled":
            self.change(workflow, status="cancelled", completed_at=self.now)
        # A step of one that is cancelled may have been retried by itself.
        self.end("cancelled", *(step for step in self.steps_of(workflow) if step.state not in SETTLED))
        return self.get_workflow(workflow_id)

    def retry_workflow(self, workflow_id: str, *, found_failed: bool) -> Answer:
        """Refused as well where nothing can run again. Two that found it failed may both say that it runs."""
        workflow = self.workflows.get(workflow_id)
        if workflow is None:
            return NOT_FOUND
        if workflow.status == "failed":
            steps = [step for step in self.steps_of(workflow) if step.id in self.jobs]
            self.revive(*(step for step in steps if step.state != "completed" and not step.is_unneeded))
        is_asked = workflow.status == "failed" or (found_failed and self.seen[0] == 200)
        is_back = is_asked and self.workflows[workflow_id].status != "failed"
        return self.get_workflow(workflow_id) if is_back else REFUSED

    def depend(self, job_id: str, parents: list[str], mode: str | None, kind: str | None) -> Answer:
        """Where several refusals apply, it may be any of them. What is there already stays."""
        child = self.jobs.get(job_id)
        if child is None:
            return NOT_FOUND
        mode, asked = mode or child.mode or "all", self._asked_edges(parents, kind or "success")
        new = {parent: edge for parent, edge in asked.items() if parent not in child.edges}
        refusals = []
        if child.state != "pending" or child.attempts:
            refusals.append(CONFLICT)
        if any(parent not in self.jobs for parent in parents):
            refusals.append(NOT_FOUND)
        edges = child.edges | new
        if {edge.outcome for edge in asked.values()} & {"failed", "unneeded"}:
            refusals.append(CONFLICT)
        if verdict(mode, edges.values()) in {"doomed", "unneeded"}:
            refusals.append(CONFLICT)
        if not self.below([job_id]).isdisjoint(parents):
            refusals.append(REFUSED)
        if refusals:
            return next((refusal for refusal in refusals if refusal[0] == self.seen[0]), refusals[0])
        child.mode, child.edges, child.updated_at = mode, edges, self.now
        counts = dict.fromkeys(["added", "added_count", "dependencies_added"], len(new))
        return 200, self.get_dependencies(job_id)[1] | counts

    def _asked_edges(self, parents: list[str], kind: str) -> dict[str, Edge]:
        known = [self.jobs[name] for name in parents if name in self.jobs]
        return {
            parent.id: Edge(kind).told(parent.state, unneeded=parent.is_unneeded)
            if parent.state in SETTLED
            else Edge(kind)
            for parent in known
        }

    def get_dependencies(self, job_id: str) -> Answer:
        job = self.jobs.get(job_id)
        if job is None:
            return NOT_FOUND
        above = [(self.jobs[parent], edge) for parent, edge in job.edges.items() if parent in self.jobs]
        below = [(child, child.edges[job_id]) for child in self.children(job_id)]
        shown = {"job_id": job_id, "status": job.status(self.now), "dependency_mode": job.mode or "all"}
        if job.state != "cancelled":
            shown["dependencies_met"] = not job.is_waiting
        return 200, shown | {"dependencies": self._seen(above), "dependents": self._seen(below)}

    def _seen(self, others: list[tuple[Job, Edge]]) -> list[dict[str, Any]]:
        return [
            {
                "job_id": job.id,
                "queue_name": job.queue,
                "status": job.status(self.now),
                "completed": job.state == "completed",
                "dependency_type": edge.kind,
            }
            for job, edge in sorted(others, key=lambda other: other[0].id)
        ]

    def get_workflow(self, workflow_id: str) -> Answer:
        workflow = self.workflows.get(workflow_id)
        if workflow is None:
            return NOT_FOUND
        states = [step.state for step in self.steps_of(workflow)]
        counts = {
            "total": len(states),
            "completed": states.count("completed"),
            "failed": states.count("deadletter"),
            "pending": states.count("pending"),
            "processing": states.count("processing"),
            "cancelled": states.count("cancelled"),
        }
        jobs = [self._step(step, workflow) for step in self.steps_of(workflow) if step.id in self.jobs]
        return 200, self._summary(workflow) | {"progress": counts, "jobs": jobs}

    def _step(self, job: Job, workflow: Workflow) -> dict[str, Any]:
        keys = {job_id: key for key, job_id in workflow.steps.items() if job_id in self.jobs}
        names = "id", "workflow_id", "queue_name", "queue", "status", "payload", "result", "priority"
        more = "max_retries", "attempt", "timeout_seconds", "dependency_mode", "created_at", "started_at"
        whole = job.whole(self.now)
        return {name: whole[name] for name in (*names, *more, "completed_at")} | {
            "key": job.step,
            "depends_on": [keys.get(parent, parent) for parent in sorted(job.edges)],
        }

    def _summary(self, workflow: Workflow) -> dict[str, Any]:
        steps = self.steps_of(workflow)
        done = sum(step.state == "completed" for step in steps)
        over = done + sum(step.is_unneeded for step in steps)
        return {
            "id": workflow.id,
            "name": workflow.name,
            "status": workflow.status,
            "created_at": workflow.created_at,
            "started_at": workflow.started_at,
            "completed_at": workflow.completed_at,
            "total_jobs": len(steps),
            "completed_jobs": done,
            "failed_jobs": sum(step.state == "deadletter" for step in steps),
            "progress_percent": round(100 * over / len(steps), 2),
        }

    def list_workflows(self) -> Answer:
        return 200, [self._summary(self.workflows[name]) for name in sorted(self.workflows, reverse=True)]


def _has_cycle(needs: dict[str, set[str]]) -> bool:
    left = dict(needs)
    while free := [key for key, parents in left.items() if parents.isdisjoint(left)]:
        for key in free:
            del left[key]
    return bool(left)
