"""POST /api/v1/workers/{worker_id}/heartbeat: a worker is still there."""

from shared.edge import Call, lambda_handler, route
from shared.wire.workers import AcknowledgedAnswer, WorkerHeartbeat
from shared.workers.registry import hear_from_worker


@route("POST", "/api/v1/workers/{worker_id}/heartbeat", scope="workers:write", answer=AcknowledgedAnswer)
async def endpoint(call: Call, worker_id: str, body: WorkerHeartbeat) -> dict[str, bool]:
    """Note that a worker is there; 404 tells one that was silent too long to register again."""
    await hear_from_worker(call.core, call.caller, worker_id, body.heartbeat(), call.now)
    return {"acknowledged": True}


handler = lambda_handler(endpoint)
