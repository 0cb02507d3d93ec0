"""POST /api/v1/jobs/{job_id}/renew-lease: another name of heartbeat."""

from typing import Any

from functions.jobs import heartbeat
from shared.edge import Call, lambda_handler, route
from shared.wire.jobs import HeartbeatAnswer, HeartbeatRequest


@route("POST", "/api/v1/jobs/{job_id}/renew-lease", scope="jobs:write", answer=HeartbeatAnswer, errors=(409,))
async def endpoint(call: Call, job_id: str, body: HeartbeatRequest) -> Any:
    """Move the end of the lease to `extension_seconds` from now."""
    return await heartbeat.endpoint.function(call, job_id=job_id, body=body)


handler = lambda_handler(endpoint)
