"""GET /api/v1/queues: the queues of the organization."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.queues.config import list_queues
from shared.wire.queues import QueueAnswer


@route("GET", "/api/v1/queues", scope="queues:read", answer=list[QueueAnswer])
async def endpoint(call: Call) -> list[dict[str, Any]]:
    """All queues, by name, also those that came into being with their first job."""
    return await list_queues(call.core, call.caller)


handler = lambda_handler(endpoint)
