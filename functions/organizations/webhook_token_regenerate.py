"""POST /api/v1/organizations/webhook-token/regenerate: a new token for inbound webhooks."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.edge.address import public_url
from shared.tenants.webhook_token import regenerate_token
from shared.wire.webhook_token import RegenerateWebhookToken, WebhookTokenAnswer, webhook_token_answer


@route(
    "POST",
    "/api/v1/organizations/webhook-token/regenerate",
    scope="organization:admin",
    answer=WebhookTokenAnswer,
    errors=(404, 409),
    audit=("overlap_seconds",),
)
async def endpoint(call: Call, body: RegenerateWebhookToken) -> dict[str, Any]:
    """Make a new token; the old one stops working at once, or when the overlap ends."""
    token = await regenerate_token(call.core, call.caller, call.now, body.overlap)
    return webhook_token_answer(public_url(call), call.caller.org_id, token)


handler = lambda_handler(endpoint)
