"""GET /api/v1/queues/{queue_name}/stats: what a queue is doing."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.queues.stats import queue_stats
from shared.wire.queues import QueueStatsAnswer


@route("GET", "/api/v1/queues/{queue_name}/stats", scope="queues:read", answer=QueueStatsAnswer)
async def endpoint(call: Call, queue_name: str) -> dict[str, Any]:
    """Jobs by state, the age of the oldest that is due, and the last 24 hours."""
    return await queue_stats(call.core, call.caller, queue_name, call.now)


handler = lambda_handler(endpoint)
