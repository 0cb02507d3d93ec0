"""POST /api/v1/jobs/{job_id}/retry: bring a dead job back."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.jobs.retry import retry_job
from shared.wire.jobs import JobAnswer


@route("POST", "/api/v1/jobs/{job_id}/retry", scope="jobs:write", answer=JobAnswer, errors=(409,))
async def endpoint(call: Call, job_id: str) -> dict[str, Any]:
    """Make a failed or dead-lettered job runnable at once, its counters cleared, like `queue:retry`."""
    return await retry_job(call.core, call.caller, job_id, call.now)


handler = lambda_handler(endpoint)
