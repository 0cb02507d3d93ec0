"""POST /api/v1/jobs/{job_id}/complete: settle a job as done."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.jobs.model import job_answer
from shared.jobs.settle import complete_jobs
from shared.wire.jobs import CompleteRequest, SettledJobAnswer


@route("POST", "/api/v1/jobs/{job_id}/complete", scope="jobs:write", answer=SettledJobAnswer, errors=(409,))
async def endpoint(call: Call, job_id: str, body: CompleteRequest) -> dict[str, Any]:
    """Done: keep the result. A stale lease is 409 LEASE_EXPIRED and changes nothing."""
    body.require_lease(call.core.settings)
    (outcome,) = await complete_jobs(
        call.core, call.caller, body.worker_id, [body.completion(job_id)], call.now
    )
    return job_answer(outcome.row_or_raise(), call.now) | {"success": True}


handler = lambda_handler(endpoint)
