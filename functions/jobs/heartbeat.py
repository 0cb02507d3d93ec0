"""POST /api/v1/jobs/{job_id}/heartbeat: keep a job a while longer."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.jobs.leases import extend_leases
from shared.wire.jobs import HeartbeatAnswer, HeartbeatRequest


@route("POST", "/api/v1/jobs/{job_id}/heartbeat", scope="jobs:write", answer=HeartbeatAnswer, errors=(409,))
async def endpoint(call: Call, job_id: str, body: HeartbeatRequest) -> dict[str, Any]:
    """Move the end of the lease to `lease_duration_secs` from now."""
    body.require_lease(call.core.settings)
    holds, seconds = [body.hold(job_id)], body.lease_duration_secs
    (outcome,) = await extend_leases(call.core, call.caller, body.worker_id, holds, seconds, call.now)
    end = outcome.row_or_raise()["leased_until"]
    return {"success": True, "lease_expires_at": end, "leased_until": end}


handler = lambda_handler(endpoint)
