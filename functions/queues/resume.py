"""POST /api/v1/queues/{queue_name}/resume: give out jobs again."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.queues.pause import resume_queue
from shared.wire.queues import ResumedQueueAnswer


@route(
    "POST", "/api/v1/queues/{queue_name}/resume", scope="queues:write", answer=ResumedQueueAnswer, audit=()
)
async def endpoint(call: Call, queue_name: str) -> dict[str, Any]:
    """Give out jobs again, whether the queue was paused or disabled; waiting consumers wake."""
    return await resume_queue(call.core, call.caller, queue_name, call.now)


handler = lambda_handler(endpoint)
