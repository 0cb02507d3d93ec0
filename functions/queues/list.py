"""GET /api/v1/queues: the queues of the organization."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.queues.config import list_queues
from shared.queues.stats import list_queues_with_stats
from shared.wire.queues import ListedQueueAnswer, ListQueuesQuery


@route("GET", "/api/v1/queues", scope="queues:read", answer=list[ListedQueueAnswer])
async def endpoint(call: Call, query: ListQueuesQuery) -> list[dict[str, Any]]:
    """All queues, by name, also those that a job made; with `include=stats` also what each is doing."""
    if query.include == "stats":
        return await list_queues_with_stats(call.core, call.caller, call.now)
    return await list_queues(call.core, call.caller)


handler = lambda_handler(endpoint)
