"""GET /api/v1/outgoing-webhooks/{webhook_id}/deliveries: the deliveries of a webhook."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.webhooks.deliveries import list_deliveries
from shared.wire.webhooks import DeliveriesQuery, DeliveryAnswer


@route(
    "GET",
    "/api/v1/outgoing-webhooks/{webhook_id}/deliveries",
    scope="webhooks:read",
    answer=list[DeliveryAnswer],
)
async def endpoint(call: Call, webhook_id: str, query: DeliveriesQuery) -> list[dict[str, Any]]:
    """A page of the newest 100 deliveries, newest first."""
    return await list_deliveries(
        call.core,
        call.caller,
        webhook_id,
        status=query.status,
        whole=query.bodies,
        limit=query.limit,
        offset=query.offset,
    )


handler = lambda_handler(endpoint)
