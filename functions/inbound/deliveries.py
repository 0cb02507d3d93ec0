"""GET /api/v1/webhooks/deliveries: the log of inbound webhooks."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.inbound.log import list_deliveries
from shared.wire.inbound import InboundDeliveryAnswer, ListDeliveriesQuery


@route("GET", "/api/v1/webhooks/deliveries", scope="webhooks:read", answer=list[InboundDeliveryAnswer])
async def endpoint(call: Call, query: ListDeliveriesQuery) -> list[dict[str, Any]]:
    """What came in, newest first, without payloads and signatures; a key held to queues gets 403."""
    return await list_deliveries(call.core, call.caller, query.filter())


handler = lambda_handler(endpoint)
