"""GET /api/v1/workflows/{workflow_id}/jobs: the jobs of a workflow."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.wire.workflows import WorkflowJobAnswer
from shared.workflows.read import list_steps


@route("GET", "/api/v1/workflows/{workflow_id}/jobs", scope="jobs:read", answer=list[WorkflowJobAnswer])
async def endpoint(call: Call, workflow_id: str) -> list[dict[str, Any]]:
    """All jobs, in the order in which they were given."""
    return await list_steps(call.core, call.caller, workflow_id, call.now)


handler = lambda_handler(endpoint)
