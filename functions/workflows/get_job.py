"""GET /api/v1/workflows/{workflow_id}/jobs/{step_id}: one job of a workflow."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.wire.workflows import WorkflowJobAnswer
from shared.workflows.read import get_step


@route("GET", "/api/v1/workflows/{workflow_id}/jobs/{step_id}", scope="jobs:read", answer=WorkflowJobAnswer)
async def endpoint(call: Call, workflow_id: str, step_id: str) -> dict[str, Any]:
    """One job, with the keys of the jobs that it waits for."""
    return await get_step(call.core, call.caller, workflow_id, step_id, call.now)


handler = lambda_handler(endpoint)
