"""PUT /api/v1/queues/{queue_name}/config: change a queue."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.queues.config import configure_queue
from shared.wire.queues import PutQueueConfig, QueueAnswer
from shared.wire.vocabulary import checked_queue_name


@route(
    "PUT",
    "/api/v1/queues/{queue_name}/config",
    scope="queues:write",
    answer=QueueAnswer,
    audit=(
        "max_retries",
        "timeout_seconds",
        "retry_delay_seconds",
        "backoff_multiplier",
        "backoff_max_seconds",
        "rate_limit",
        "concurrency",
        "enabled",
    ),
)
async def endpoint(call: Call, queue_name: str, body: PutQueueConfig) -> dict[str, Any]:
    """Change what the body names; a queue that is not there comes into being."""
    name = checked_queue_name(queue_name)
    return await configure_queue(call.core, call.caller, name, body.config(), call.now)


handler = lambda_handler(endpoint)
