"""Reading workflows: the newest first, one whole, its steps."""

from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.errors import InvalidInputError, NotFoundError
from shared.jobs.read import JobNotFoundError
from shared.store import Row, load_queries
from shared.tenants.caller import Caller
from shared.workflows.model import (
    STATUSES,
    STEP_COLUMNS,
    detail_answer,
    graph_answer,
    step_answers,
    step_status_answer,
    summary_answer,
)

QUERIES = load_queries(__file__, columns=STEP_COLUMNS)
LARGEST_PAGE = 1000


class WorkflowNotFoundError(NotFoundError):
    """Workflow not found"""


async def list_workflows(
    core: Core, caller: Caller, status: str | None, *, after: str | None, limit: int, offset: int
) -> tuple[list[dict[str, Any]], bool]:
    """A page of workflows, and whether more follow. The page size is cut to LARGEST_PAGE.

    `after` is the id of the last workflow of the page before: each page costs what the first one does.
    Raises InvalidInputError for a word that is no status.
    """
    if status is not None and status not in STATUSES:
        raise InvalidInputError.of_field(
            "status", f"{status[:50]!r} is none of {', '.join(STATUSES)}", "unknown_status"
        )
    limit = min(limit, LARGEST_PAGE)
    rows = await core.store.fetch(
        caller.scope,
        QUERIES["list_workflows"].filled(of_state=_of_state(status)),
        org_id=caller.org_id,
        queues=caller.queue_filter,
        state=status,
        below=ids.below("wf", after),
        limit=limit + 1,
        offset=offset,
    )
    return [summary_answer(row) for row in rows[:limit]], len(rows) > limit


def _of_state(status: str | None) -> str:
    if status is None:
        return ""
    return QUERIES["completed" if status == "completed" else "not_completed"].sql


async def get_workflow(core: Core, caller: Caller, public_id: str, now: datetime) -> dict[str, Any]:
    """A workflow whole; WorkflowNotFoundError when there is none, or none that this caller may see."""
    row = await find_workflow(core, caller, public_id)
    return detail_answer(row, await _find_steps(core, caller, row), now)


async def get_graph(core: Core, caller: Caller, public_id: str, now: datetime) -> dict[str, Any]:
    """A workflow with its steps and dependencies, without payloads and results."""
    row = await find_workflow(core, caller, public_id)
    return graph_answer(row, await _find_steps(core, caller, row, whole=False), now)


async def list_steps(core: Core, caller: Caller, public_id: str, now: datetime) -> list[dict[str, Any]]:
    """The jobs of a workflow, in the order in which they were given."""
    row = await find_workflow(core, caller, public_id)
    return step_answers(await _find_steps(core, caller, row), now)


async def list_step_statuses(
    core: Core, caller: Caller, public_id: str, now: datetime
) -> list[dict[str, Any]]:
    """Where each job of a workflow is."""
    row = await find_workflow(core, caller, public_id)
    steps = await _find_steps(core, caller, row, whole=False)
    return [step_status_answer(step, now) for step in steps]


async def get_step(
    core: Core, caller: Caller, public_id: str, public_job_id: str, now: datetime
) -> dict[str, Any]:
    """One job of a workflow; JobNotFoundError for a job that is none of its steps."""
    for step in await list_steps(core, caller, public_id, now):
        if step["id"] == public_job_id:
            return step
    raise JobNotFoundError


async def find_workflow(core: Core, caller: Caller, public_id: str) -> Row:
    """The row of a workflow that this caller may see."""
    row = await core.store.fetch_one(
        caller.scope,
        QUERIES["find_workflow"],
        org_id=caller.org_id,
        id=ids.decode("wf", public_id),
        queues=caller.queue_filter,
    )
    if row is None:
        raise WorkflowNotFoundError
    return row


async def _find_steps(core: Core, caller: Caller, workflow: Row, *, whole: bool = True) -> list[Row]:
    return await core.store.fetch(
        caller.scope,
        QUERIES["find_steps"],
        org_id=caller.org_id,
        workflow_id=workflow["id"],
        whole=whole,
    )
