"""POST /api/v1/jobs/{job_id}/release: give a job back."""

from datetime import timedelta
from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.jobs.leases import release_jobs
from shared.jobs.model import job_answer
from shared.wire.jobs import ReleaseRequest, SettledJobAnswer


@route("POST", "/api/v1/jobs/{job_id}/release", scope="jobs:write", answer=SettledJobAnswer, errors=(409,))
async def endpoint(call: Call, job_id: str, body: ReleaseRequest) -> dict[str, Any]:
    """Give a job back without burning the attempt, now or after `delay_seconds`."""
    body.require_lease(call.core.settings)
    run_at = call.now + timedelta(seconds=body.delay_seconds)
    (outcome,) = await release_jobs(
        call.core, call.caller, body.worker_id, [body.hold(job_id)], run_at, call.now
    )
    return job_answer(outcome.row_or_raise(), call.now) | {"success": True}


handler = lambda_handler(endpoint)
