"""POST /api/v1/jobs/dequeue: take the next job of a queue."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.jobs.claim import Claim
from shared.jobs.claim_wait import claim_jobs
from shared.wire.jobs import ClaimedJobAnswer, DequeueRequest


@route("POST", "/api/v1/jobs/dequeue", scope="jobs:write", answer=ClaimedJobAnswer | None)
async def endpoint(call: Call, body: DequeueRequest) -> dict[str, Any] | None:
    """Take the next job, like one turn of `queue:work`; `null` when there is none."""
    worker_id = body.worker_id or f"anonymous-{call.request_id}"[:255]
    claim = Claim(body.queue_name, worker_id, 1, body.lease_duration_secs, body.wait_seconds)
    jobs = await claim_jobs(call.core, call.caller, claim, call.client_is_gone)
    return jobs[0] if jobs else None


handler = lambda_handler(endpoint)
