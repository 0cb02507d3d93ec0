"""GET /api/v1/queues/{queue_name}: one queue."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.queues.config import get_queue
from shared.wire.queues import QueueAnswer


@route("GET", "/api/v1/queues/{queue_name}", scope="queues:read", answer=QueueAnswer)
async def endpoint(call: Call, queue_name: str) -> dict[str, Any]:
    """A queue and what its jobs inherit."""
    return await get_queue(call.core, call.caller, queue_name)


handler = lambda_handler(endpoint)
