"""POST /api/v1/organizations/webhook-token/clear: stop inbound webhooks."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.edge.address import public_url
from shared.tenants.webhook_token import clear_token
from shared.wire.webhook_token import ClearWebhookToken, WebhookTokenAnswer, webhook_token_answer


@route(
    "POST",
    "/api/v1/organizations/webhook-token/clear",
    scope="organization:admin",
    answer=WebhookTokenAnswer,
    errors=(404,),
    audit=(),
)
async def endpoint(call: Call, body: ClearWebhookToken) -> dict[str, Any]:
    """Take the token away: inbound webhooks answer 401 until a new one is made."""
    await clear_token(call.core, call.caller, call.now, confirm=body.confirm)
    return webhook_token_answer(public_url(call), call.caller.org_id, None)


handler = lambda_handler(endpoint)
