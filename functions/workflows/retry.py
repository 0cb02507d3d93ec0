"""POST /api/v1/workflows/{workflow_id}/retry: go on with a failed workflow."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.wire.workflows import WorkflowAnswer
from shared.workflows.retry import retry_workflow


@route("POST", "/api/v1/workflows/{workflow_id}/retry", scope="jobs:write", answer=WorkflowAnswer, audit=())
async def endpoint(call: Call, workflow_id: str) -> dict[str, Any]:
    """Bring back what failed and what was cancelled; 400 if it has not failed, or what failed was deleted."""
    return await retry_workflow(call.core, call.caller, workflow_id, call.now)


handler = lambda_handler(endpoint)
