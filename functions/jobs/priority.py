"""PUT /api/v1/jobs/{job_id}/priority: move a job in its queue."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.jobs.priority import set_priority
from shared.wire.job_views import PriorityAnswer, PriorityRequest


@route("PUT", "/api/v1/jobs/{job_id}/priority", scope="jobs:write", answer=PriorityAnswer)
async def endpoint(call: Call, job_id: str, body: PriorityRequest) -> dict[str, Any]:
    """Set the priority of a pending or scheduled job; any other is 404."""
    return await set_priority(call.core, call.caller, job_id, body.priority, call.now)


handler = lambda_handler(endpoint)
