"""GET /api/v1/outgoing-webhooks/{webhook_id}/deliveries/{delivery_id}: one delivery."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.webhooks.deliveries import get_delivery
from shared.wire.webhooks import DeliveryAnswer


@route(
    "GET",
    "/api/v1/outgoing-webhooks/{webhook_id}/deliveries/{delivery_id}",
    scope="webhooks:read",
    answer=DeliveryAnswer,
)
async def endpoint(call: Call, webhook_id: str, delivery_id: str) -> dict[str, Any]:
    """A delivery whole: what was sent, and the beginning of what was answered."""
    return await get_delivery(call.core, call.caller, webhook_id, delivery_id)


handler = lambda_handler(endpoint)
