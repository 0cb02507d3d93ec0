"""POST /api/v1/jobs/complete: settle up to a thousand jobs as done."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.give_way import each_of
from shared.jobs.claim_wait import settle_and_claim
from shared.jobs.settle import completing
from shared.wire.batches import BatchAnswer, CompleteBatch, CompleteItem


@route("POST", "/api/v1/jobs/complete", scope="jobs:write", answer=BatchAnswer)
async def endpoint(call: Call, body: CompleteBatch) -> dict[str, Any]:
    """Done: each job by itself, a refused one harms no other. `claim_next` takes the next jobs too."""
    body.require_leases(call.core.settings)
    completions = await each_of(body.jobs, CompleteItem.completion)
    settling = completing(call.caller, body.worker_id, completions, call.now)
    claim = body.next_claim(call.request_id)
    return body.answer(
        *await settle_and_claim(call.core, call.caller, settling, claim, call.now, call.client_is_gone)
    )


handler = lambda_handler(endpoint)
