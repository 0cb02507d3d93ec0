"""POST /api/v1/outgoing-webhooks/{webhook_id}/retry/{delivery_id}: send a delivery again."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.webhooks.deliveries import retry_delivery
from shared.wire.webhooks import RetriedAnswer


@route(
    "POST",
    "/api/v1/outgoing-webhooks/{webhook_id}/retry/{delivery_id}",
    scope="webhooks:write",
    answer=RetriedAnswer,
)
async def endpoint(call: Call, webhook_id: str, delivery_id: str) -> dict[str, Any]:
    """Send a delivery now, under the id that it has; one that is under way is not doubled."""
    return await retry_delivery(call.core, call.caller, webhook_id, delivery_id, call.now)


handler = lambda_handler(endpoint)
