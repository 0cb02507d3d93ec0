"""POST /api/v1/jobs/{job_id}/complete: settle a job as done."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.jobs.model import job_answer
from shared.jobs.settle_one import complete_and_claim
from shared.wire.batches import CompleteAndClaimRequest, CompletedJobAnswer


@route("POST", "/api/v1/jobs/{job_id}/complete", scope="jobs:write", answer=CompletedJobAnswer, errors=(409,))
async def endpoint(call: Call, job_id: str, body: CompleteAndClaimRequest) -> dict[str, Any]:
    """Done: keep the result. A stale lease is 409 LEASE_EXPIRED, changes nothing and claims nothing."""
    body.require_lease(call.core.settings)
    completion, claim = body.completion(job_id), body.next_claim(call.request_id)
    outcome, taken = await complete_and_claim(
        call.core, call.caller, body.worker_id, completion, claim, call.now, call.client_is_gone
    )
    job = job_answer(outcome.row_or_raise(), call.now) | {"success": True}
    return job if claim is None else job | {"next": taken}


handler = lambda_handler(endpoint)
