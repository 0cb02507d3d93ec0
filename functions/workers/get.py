"""GET /api/v1/workers/{worker_id}: one worker."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.wire.workers import WorkerAnswer
from shared.workers.registry import get_worker


@route("GET", "/api/v1/workers/{worker_id}", scope="workers:read", answer=WorkerAnswer)
async def endpoint(call: Call, worker_id: str) -> dict[str, Any]:
    """A worker whole, with its status as its heartbeats tell."""
    return await get_worker(call.core, call.caller, worker_id, call.now)


handler = lambda_handler(endpoint)
