"""GET /api/v1/workflows/{workflow_id}/jobs/status: where each job of a workflow is."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.wire.workflows import StepStatusAnswer
from shared.workflows.read import list_step_statuses


@route("GET", "/api/v1/workflows/{workflow_id}/jobs/status", scope="jobs:read", answer=list[StepStatusAnswer])
async def endpoint(call: Call, workflow_id: str) -> list[dict[str, Any]]:
    """The status of all jobs, without their payloads."""
    return await list_step_statuses(call.core, call.caller, workflow_id, call.now)


handler = lambda_handler(endpoint)
