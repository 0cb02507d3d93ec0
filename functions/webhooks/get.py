"""GET /api/v1/outgoing-webhooks/{webhook_id}: one webhook."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.webhooks.manage import get_webhook
from shared.wire.webhooks import WebhookAnswer


@route("GET", "/api/v1/outgoing-webhooks/{webhook_id}", scope="webhooks:read", answer=WebhookAnswer)
async def endpoint(call: Call, webhook_id: str) -> dict[str, Any]:
    """A webhook and how its last delivery went."""
    return await get_webhook(call.core, call.caller, webhook_id)


handler = lambda_handler(endpoint)
