"""POST /api/v1/workflows/{workflow_id}/cancel: stop a workflow."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.wire.workflows import WorkflowAnswer
from shared.workflows.cancel import cancel_workflow


@route(
    "POST",
    "/api/v1/workflows/{workflow_id}/cancel",
    scope="jobs:write",
    answer=WorkflowAnswer,
    errors=(409,),
    audit=(),
)
async def endpoint(call: Call, workflow_id: str) -> dict[str, Any]:
    """Cancel what is unfinished, running jobs too; a workflow that has ended by itself is 409."""
    return await cancel_workflow(call.core, call.caller, workflow_id, call.now)


handler = lambda_handler(endpoint)
