"""GET /api/v1/organizations/webhook-token: the token of inbound webhooks."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.edge.address import public_url
from shared.tenants.webhook_token import get_token
from shared.wire.webhook_token import WebhookTokenAnswer, webhook_token_answer


@route(
    "GET",
    "/api/v1/organizations/webhook-token",
    scope="organization:read",
    answer=WebhookTokenAnswer,
    errors=(404,),
)
async def endpoint(call: Call) -> dict[str, Any]:
    """The token that opens inbound webhooks, and their address."""
    token = await get_token(call.core, call.caller)
    return webhook_token_answer(public_url(call), call.caller.org_id, token)


handler = lambda_handler(endpoint)
