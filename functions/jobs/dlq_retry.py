"""POST /api/v1/jobs/dlq/retry: bring dead jobs back."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.jobs.dead import retry_dead
from shared.wire.job_views import RetryDeadAnswer, RetryDeadRequest


@route(
    "POST",
    "/api/v1/jobs/dlq/retry",
    scope="jobs:write",
    answer=RetryDeadAnswer,
    audit=("queue_name", "job_ids", "limit"),
)
async def endpoint(call: Call, body: RetryDeadRequest) -> dict[str, Any]:
    """Make dead jobs runnable at once: those named, or the oldest of a queue or of all."""
    return await retry_dead(call.core, call.caller, body.filter(), call.now)


handler = lambda_handler(endpoint)
