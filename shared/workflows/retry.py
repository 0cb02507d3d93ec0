"""Retry: a failed workflow goes on from where it stopped."""

from datetime import datetime
from typing import Any

from shared.core import Core
from shared.errors import InvalidInputError
from shared.jobs.retry import RETRIED_STATES, retry_jobs
from shared.store import load_queries
from shared.tenants.caller import Caller
from shared.workflows.read import find_workflow, get_workflow

QUERIES = load_queries(__file__)


async def retry_workflow(core: Core, caller: Caller, public_id: str, now: datetime) -> dict[str, Any]:
    """Bring back what failed or was cancelled, and return the workflow. Completed steps stay completed.

    Raises WorkflowNotFoundError, or InvalidInputError for a workflow that has not failed, or of which nothing
    can come back: what failed was deleted, or stands outside of it and is still dead.
    """
    row = await find_workflow(core, caller, public_id)
    if row["state"] != "failed":
        raise InvalidInputError(f"Only a failed workflow can be retried; this one is {row['state']}")
    stopped = await core.store.fetch(
        caller.scope, QUERIES["find_stopped"], org_id=caller.org_id, workflow_id=row["id"]
    )
    asked = [step["id"] for step in stopped]
    revived = await retry_jobs(core, caller, asked, now, (*RETRIED_STATES, "cancelled"))
    answer = await get_workflow(core, caller, public_id, now)
    # Without anything that came back it may still go on: by another retry at this moment, or as a step that
    # was cancelled turned out not to be needed.
    if not revived and answer["status"] == "failed":
        raise InvalidInputError(
            "Nothing of the workflow can be retried: what failed was deleted, or is a job outside of it"
        )
    return answer
