"""GET /api/v1/jobs/{job_id}: one job."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.jobs.read import get_job
from shared.wire.job_views import GetJobQuery, JobWithHistoryAnswer


@route("GET", "/api/v1/jobs/{job_id}", scope="jobs:read", answer=JobWithHistoryAnswer)
async def endpoint(call: Call, job_id: str, query: GetJobQuery) -> dict[str, Any]:
    """A job whole, finished or not; with `include=history` also what happened to it."""
    with_history = query.include == "history"
    return await get_job(call.core, call.caller, job_id, call.now, with_history=with_history)


handler = lambda_handler(endpoint)
