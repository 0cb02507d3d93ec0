"""GET /api/v1/workflows/{workflow_id}: one workflow."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.wire.workflows import WorkflowAnswer
from shared.workflows.read import get_workflow


@route("GET", "/api/v1/workflows/{workflow_id}", scope="jobs:read", answer=WorkflowAnswer)
async def endpoint(call: Call, workflow_id: str) -> dict[str, Any]:
    """A workflow whole: its jobs, what they wait for, how far it is."""
    return await get_workflow(call.core, call.caller, workflow_id, call.now)


handler = lambda_handler(endpoint)
