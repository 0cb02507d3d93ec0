"""POST /api/v1/outgoing-webhooks/{webhook_id}/deliveries/{delivery_id}/retry: send a delivery again."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.webhooks.deliveries import retry_delivery
from shared.wire.webhooks import RetriedAnswer


@route(
    "POST",
    "/api/v1/outgoing-webhooks/{webhook_id}/deliveries/{delivery_id}/retry",
    scope="webhooks:write",
    answer=RetriedAnswer,
)
async def endpoint(call: Call, webhook_id: str, delivery_id: str) -> dict[str, Any]:
    """The same under the path of an older client."""
    return await retry_delivery(call.core, call.caller, webhook_id, delivery_id, call.now)


handler = lambda_handler(endpoint)
