"""GET /api/v1/jobs/{job_id}: one job."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.jobs.read import get_job
from shared.wire.jobs import JobAnswer


@route("GET", "/api/v1/jobs/{job_id}", scope="jobs:read", answer=JobAnswer)
async def endpoint(call: Call, job_id: str) -> dict[str, Any]:
    """A job whole, finished or not."""
    return await get_job(call.core, call.caller, job_id, call.now)


handler = lambda_handler(endpoint)
