"""GET /api/v1/workers: the workers of the organization."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.wire.workers import WorkerSummaryAnswer
from shared.workers.registry import list_workers


@route("GET", "/api/v1/workers", scope="workers:read", answer=list[WorkerSummaryAnswer])
async def endpoint(call: Call) -> list[dict[str, Any]]:
    """All workers that are registered, the oldest first."""
    return await list_workers(call.core, call.caller, call.now)


handler = lambda_handler(endpoint)
