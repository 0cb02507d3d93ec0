"""GET /api/v1/jobs/status: how several jobs stand."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.jobs.read import job_statuses
from shared.wire.job_views import JobStatusAnswer, StatusQuery


@route("GET", "/api/v1/jobs/status", scope="jobs:read", answer=list[JobStatusAnswer])
async def endpoint(call: Call, query: StatusQuery) -> list[dict[str, Any]]:
    """The statuses of up to a hundred jobs; unknown ids are left out."""
    return await job_statuses(call.core, call.caller, query.public_ids(), call.now)


handler = lambda_handler(endpoint)
