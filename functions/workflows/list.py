"""GET /api/v1/workflows: the workflows of the organization."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.wire.workflows import ListWorkflowsQuery, WorkflowSummaryAnswer
from shared.workflows.read import list_workflows


@route("GET", "/api/v1/workflows", scope="jobs:read", answer=list[WorkflowSummaryAnswer])
async def endpoint(call: Call, query: ListWorkflowsQuery) -> list[dict[str, Any]]:
    """A page of workflows, newest first."""
    return await list_workflows(call.core, call.caller, query.status, query.limit, query.offset)


handler = lambda_handler(endpoint)
