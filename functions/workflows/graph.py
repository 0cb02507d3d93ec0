"""GET /api/v1/workflows/{workflow_id}/graph: the shape of a workflow, and where each step is."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.wire.workflows import WorkflowGraphAnswer
from shared.workflows.read import get_graph


@route("GET", "/api/v1/workflows/{workflow_id}/graph", scope="jobs:read", answer=WorkflowGraphAnswer)
async def endpoint(call: Call, workflow_id: str) -> dict[str, Any]:
    """Where each step is and what it waits for, without payloads and results: made to be read often."""
    return await get_graph(call.core, call.caller, workflow_id, call.now)


handler = lambda_handler(endpoint)
