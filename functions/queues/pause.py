"""POST /api/v1/queues/{queue_name}/pause: stop giving out jobs."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.queues.pause import pause_queue
from shared.wire.queues import PausedQueueAnswer, PauseQueue


@route(
    "POST",
    "/api/v1/queues/{queue_name}/pause",
    scope="queues:write",
    answer=PausedQueueAnswer,
    audit=("reason",),
)
async def endpoint(call: Call, queue_name: str, body: PauseQueue) -> dict[str, Any]:
    """Stop giving out jobs of this queue; it still takes them in, and running ones go on."""
    return await pause_queue(call.core, call.caller, queue_name, body.reason, call.now)


handler = lambda_handler(endpoint)
