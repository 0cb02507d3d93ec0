"""POST /api/v1/jobs/heartbeat: keep up to a thousand jobs a while longer."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.give_way import each_of
from shared.jobs.claim_wait import settle_and_claim
from shared.jobs.leases import extending
from shared.wire.batches import BatchAnswer, BatchItem, HeartbeatBatch


@route("POST", "/api/v1/jobs/heartbeat", scope="jobs:write", answer=BatchAnswer)
async def endpoint(call: Call, body: HeartbeatBatch) -> dict[str, Any]:
    """Move the end of each lease to `lease_duration_secs` from now; a lost one is refused alone."""
    body.require_leases(call.core.settings)
    holds = await each_of(body.jobs, BatchItem.hold)
    settling = extending(call.caller, body.worker_id, holds, body.lease_duration_secs, call.now)
    claim = body.next_claim(call.request_id)
    return body.answer(
        *await settle_and_claim(call.core, call.caller, settling, claim, call.now, call.client_is_gone)
    )


handler = lambda_handler(endpoint)
