"""PUT /api/v1/outgoing-webhooks/{webhook_id}: change a webhook."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.webhooks.manage import update_webhook
from shared.wire.webhooks import UpdateWebhook, WebhookAnswer


@route(
    "PUT",
    "/api/v1/outgoing-webhooks/{webhook_id}",
    scope="webhooks:write",
    answer=WebhookAnswer,
    audit=("name", "events", "enabled"),
)
async def endpoint(call: Call, webhook_id: str, body: UpdateWebhook) -> dict[str, Any]:
    """Change what is named; enabling one again forgets its failures."""
    return await update_webhook(
        call.core,
        call.caller,
        webhook_id,
        body.fields(),
        call.now,
        secret=body.secret,
        changes_secret=body.changes_secret,
    )


handler = lambda_handler(endpoint)
