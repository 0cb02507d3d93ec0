"""POST /api/v1/organizations/webhook-token/regenerate: a new token for inbound webhooks."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.edge.address import public_url
from shared.tenants.webhook_token import regenerate_token
from shared.wire.webhook_token import WebhookTokenAnswer, webhook_token_answer


@route(
    "POST",
    "/api/v1/organizations/webhook-token/regenerate",
    scope="organization:admin",
    answer=WebhookTokenAnswer,
    errors=(404,),
    audit=(),
)
async def endpoint(call: Call) -> dict[str, Any]:
    """Make a new token; the old one stops working at once."""
    token = await regenerate_token(call.core, call.caller, call.now)
    return webhook_token_answer(public_url(call), call.caller.org_id, token)


handler = lambda_handler(endpoint)
