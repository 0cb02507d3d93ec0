"""POST /api/v1/outgoing-webhooks/{webhook_id}/test: try a webhook."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.webhooks.trial import try_webhook
from shared.wire.webhooks import TestedAnswer


@route(
    "POST",
    "/api/v1/outgoing-webhooks/{webhook_id}/test",
    scope="webhooks:write",
    answer=TestedAnswer,
    uses=("internet",),
)
async def endpoint(call: Call, webhook_id: str) -> dict[str, Any]:
    """Send the event `webhook.test` now and say how it went."""
    return await try_webhook(call.core, call.caller, webhook_id, call.now)


handler = lambda_handler(endpoint)
