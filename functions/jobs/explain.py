"""GET /api/v1/jobs/{job_id}/explain: why a job is not running."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.jobs.explain import explain_job
from shared.wire.explanations import ExplanationAnswer


@route("GET", "/api/v1/jobs/{job_id}/explain", scope="jobs:read", answer=ExplanationAnswer)
async def endpoint(call: Call, job_id: str) -> dict[str, Any]:
    """Each gate that a claim applies, whether it holds the job and the figures behind it, and an estimate."""
    return await explain_job(call.core, call.caller, job_id, call.now)


handler = lambda_handler(endpoint)
