"""POST /api/v1/queues: make a queue."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.queues.config import create_queue
from shared.wire.queues import CreateQueue, QueueAnswer


@route(
    "POST",
    "/api/v1/queues",
    scope=("queues:write", "jobs:write"),
    status=201,
    answer=QueueAnswer,
    errors=(409,),
    audit=("name",),
)
async def endpoint(call: Call, body: CreateQueue) -> dict[str, Any]:
    """Make a queue; its jobs inherit what it says unless they say otherwise."""
    return await create_queue(call.core, call.caller, body.name, body.config(), call.now)


handler = lambda_handler(endpoint)
