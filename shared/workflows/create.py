"""Create: a workflow with all its steps, whole or not at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.jobs.enqueue import Enqueued, NewJob, enqueue_within, wake_for
from shared.limits.charge import charge
from shared.store import load_queries
from shared.tenants.caller import Caller
from shared.webhooks.outbox import telling, telling_of_jobs
from shared.workflows.graph import check_graph

QUERIES = load_queries(
    __file__,
    told_made=telling("workflow.created", rows="made", item="workflow_event(made.known)"),
    told=telling_of_jobs("job.created", rows="linked", previous="NULL"),
)


@dataclass(frozen=True, slots=True)
class NewStep:
    """A job of a workflow: `depends_on` are the keys of its parents, `mode` whether it waits for all or any.

    `dependency_type` says what of a parent it waits for: its success, its completion or its failure.
    """

    key: str
    job: NewJob
    depends_on: tuple[str, ...] = ()
    mode: str = "all"
    dependency_type: str = "success"


@dataclass(frozen=True, slots=True)
class NewWorkflow:
    """A workflow to be made. `metadata` is JSON text."""

    name: str
    steps: Sequence[NewStep]
    description: str | None = None
    metadata: str | None = None


async def create_workflow(core: Core, caller: Caller, workflow: NewWorkflow, now: datetime) -> dict[str, Any]:
    """Make the workflow and its jobs; those without parents can run at once.

    Raises InvalidInputError for a duplicate or unknown key or a cycle, ForbiddenError when the key is held to
    other queues than a step's, QuotaExceededError when the plan has no room for it or for all of its jobs.
    """
    check_graph([(step.key, step.depends_on) for step in workflow.steps])
    jobs = [step.job for step in workflow.steps]
    for job in jobs:
        caller.require_queue(job.queue)
    async with core.store.transaction(caller.scope, hot=True) as transaction:
        enqueued = await enqueue_within(transaction, core, caller, jobs, now, told=False)
        row = await transaction.fetch_one(
            QUERIES["link_steps"], **_parameters(caller, workflow, enqueued, now)
        )
        await charge(transaction, caller.org_id, caller.limits, {"workflows": 1}, now)
    assert row is not None
    roots = [index for index, step in enumerate(workflow.steps) if not step.depends_on]
    wake_for(core, caller, [jobs[index] for index in roots], [enqueued[index] for index in roots], now)
    public_id = ids.encode("wf", row["id"])
    return {
        "workflow_id": public_id,
        "id": public_id,
        "name": workflow.name,
        "status": "pending",
        "job_ids": [
            {"key": step.key, "job_id": ids.encode("job", made.job_id)}
            for step, made in zip(workflow.steps, enqueued, strict=True)
        ],
        "created_at": now,
    }


def _parameters(
    caller: Caller, workflow: NewWorkflow, enqueued: Sequence[Enqueued], now: datetime
) -> dict[str, Any]:
    steps = workflow.steps
    job_ids = {step.key: made.job_id for step, made in zip(steps, enqueued, strict=True)}
    edges = [(step, parent) for step in steps for parent in dict.fromkeys(step.depends_on)]
    parents = {parent for _, parent in edges}
    return {
        "org_id": caller.org_id,
        "name": workflow.name,
        "description": workflow.description,
        "metadata": workflow.metadata,
        "queues": sorted({step.job.queue for step in steps}),
        "now": now,
        "ids": list(job_ids.values()),
        "keys": list(job_ids),
        "modes": [step.mode for step in steps],
        "unmets": [
            min(1, len(step.depends_on)) if step.mode == "any" else len(set(step.depends_on))
            for step in steps
        ],
        "are_parents": [step.key in parents for step in steps],
        "child_ids": [job_ids[step.key] for step, _ in edges],
        "parent_ids": [job_ids[parent] for _, parent in edges],
        "types": [step.dependency_type for step, _ in edges],
    }
