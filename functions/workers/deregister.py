"""POST /api/v1/workers/{worker_id}/deregister: a worker goes."""

from shared.edge import Answer, Call, lambda_handler, route
from shared.workers.registry import deregister_worker


@route("POST", "/api/v1/workers/{worker_id}/deregister", scope="workers:write", status=204)
async def endpoint(call: Call, worker_id: str) -> Answer:
    """Forget a worker; a job that it still holds stays leased until the lease ends."""
    await deregister_worker(call.core, call.caller, worker_id, call.now)
    return Answer(status=204)


handler = lambda_handler(endpoint)
