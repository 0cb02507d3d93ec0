"""POST /api/v1/outgoing-webhooks: make a webhook."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.webhooks.manage import create_webhook
from shared.wire.webhooks import CreateWebhook, WebhookAnswer


@route(
    "POST",
    "/api/v1/outgoing-webhooks",
    scope="webhooks:write",
    status=201,
    answer=WebhookAnswer,
    audit=("name", "events", "enabled"),
)
async def endpoint(call: Call, body: CreateWebhook) -> dict[str, Any]:
    """Have a URL called when something happens; with a secret, each call is signed."""
    return await create_webhook(call.core, call.caller, body.fields(), body.secret, call.now)


handler = lambda_handler(endpoint)
