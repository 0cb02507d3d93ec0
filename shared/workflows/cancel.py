"""Cancel: what a workflow has not finished never will be."""

from datetime import datetime
from typing import Any

from shared.core import Core
from shared.errors import ConflictError
from shared.jobs.cancel import cancel_steps
from shared.tenants.caller import Caller
from shared.workflows.read import find_workflow, get_workflow


async def cancel_workflow(core: Core, caller: Caller, public_id: str, now: datetime) -> dict[str, Any]:
    """Cancel the unfinished jobs, running ones too, and return the workflow; to repeat it changes nothing.

    Raises WorkflowNotFoundError, or ConflictError when the workflow has ended by itself.
    """
    row = await find_workflow(core, caller, public_id)
    await cancel_steps(core, caller.org_id, row["id"], "Workflow cancelled", now)
    workflow = await get_workflow(core, caller, public_id, now)
    if workflow["status"] != "cancelled":
        raise ConflictError(f"Workflow is already {workflow['status']}")
    return workflow
