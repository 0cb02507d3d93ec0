"""POST /api/v1/workflows: make jobs that wait for one another."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.wire.workflows import CreatedWorkflowAnswer, CreateWorkflow
from shared.workflows.create import create_workflow


@route("POST", "/api/v1/workflows", scope="jobs:write", status=201, answer=CreatedWorkflowAnswer)
async def endpoint(call: Call, body: CreateWorkflow) -> dict[str, Any]:
    """Make all jobs or none; a duplicate or unknown key or a cycle is 400."""
    return await create_workflow(call.core, call.caller, body.new_workflow(call.trace), call.now)


handler = lambda_handler(endpoint)
