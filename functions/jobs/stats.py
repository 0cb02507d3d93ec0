"""GET /api/v1/jobs/stats: how many jobs there are in each state."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.jobs.stats import job_stats
from shared.wire.job_views import JobStatsAnswer


@route("GET", "/api/v1/jobs/stats", scope="jobs:read", answer=JobStatsAnswer)
async def endpoint(call: Call) -> dict[str, Any]:
    """Jobs by status, and in total."""
    return await job_stats(call.core, call.caller, call.now)


handler = lambda_handler(endpoint)
