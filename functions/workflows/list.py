"""GET /api/v1/workflows: the workflows of the organization."""

from shared.edge import Answer, Call, lambda_handler, route
from shared.wire.workflows import ListWorkflowsQuery, WorkflowSummaryAnswer
from shared.workflows.read import list_workflows


@route("GET", "/api/v1/workflows", scope="jobs:read", answer=list[WorkflowSummaryAnswer], pages=True)
async def endpoint(call: Call, query: ListWorkflowsQuery) -> Answer:
    """A page of workflows, newest first; `X-Has-More` says whether more follow."""
    workflows, has_more = await list_workflows(
        call.core, call.caller, query.status, after=query.after, limit=query.limit, offset=query.offset
    )
    return Answer(workflows, headers={"x-has-more": str(has_more).lower()})


handler = lambda_handler(endpoint)
