"""DELETE /api/v1/outgoing-webhooks/{webhook_id}: delete a webhook."""

from shared.edge import Answer, Call, lambda_handler, route
from shared.webhooks.manage import delete_webhook


@route("DELETE", "/api/v1/outgoing-webhooks/{webhook_id}", scope="webhooks:write", status=204, audit=())
async def endpoint(call: Call, webhook_id: str) -> Answer:
    """Delete a webhook and its deliveries, sent or not."""
    await delete_webhook(call.core, call.caller, webhook_id)
    return Answer(status=204)


handler = lambda_handler(endpoint)
