"""POST /api/v1/jobs/claim: take several jobs of a queue."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.jobs.claim import Claim
from shared.jobs.claim_wait import claim_jobs
from shared.wire.jobs import ClaimAnswer, ClaimRequest


@route("POST", "/api/v1/jobs/claim", scope="jobs:write", answer=ClaimAnswer)
async def endpoint(call: Call, body: ClaimRequest) -> dict[str, Any]:
    """Take up to `limit` jobs under a lease; an unknown or paused queue gives none."""
    claim = Claim(body.queue_name, body.worker_id, body.limit, body.lease_duration_secs, body.wait_seconds)
    return {"jobs": await claim_jobs(call.core, call.caller, claim, call.client_is_gone)}


handler = lambda_handler(endpoint)
