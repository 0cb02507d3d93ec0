"""GET /api/v1/outgoing-webhooks: the webhooks of the organization."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.webhooks.manage import list_webhooks
from shared.wire.webhooks import WebhookAnswer


@route("GET", "/api/v1/outgoing-webhooks", scope="webhooks:read", answer=list[WebhookAnswer])
async def endpoint(call: Call) -> list[dict[str, Any]]:
    """All webhooks, newest first."""
    return await list_webhooks(call.core, call.caller)


handler = lambda_handler(endpoint)
