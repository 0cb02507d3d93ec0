"""POST /api/v1/jobs/fail: report up to a thousand failed attempts."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.give_way import each_of
from shared.jobs.claim_wait import settle_and_claim
from shared.jobs.settle import failing
from shared.wire.batches import BatchAnswer, FailBatch, FailItem


@route("POST", "/api/v1/jobs/fail", scope="jobs:write", answer=BatchAnswer)
async def endpoint(call: Call, body: FailBatch) -> dict[str, Any]:
    """Failed: each job by itself, back with backoff or to the dead letters, as its `status` says."""
    body.require_leases(call.core.settings)
    failures = await each_of(body.jobs, FailItem.failure)
    settling = failing(call.caller, body.worker_id, failures, call.random, call.now)
    claim = body.next_claim(call.request_id)
    return body.answer(
        *await settle_and_claim(call.core, call.caller, settling, claim, call.now, call.client_is_gone)
    )


handler = lambda_handler(endpoint)
