"""POST /api/v1/outgoing-webhooks/{webhook_id}/rotate-secret: another secret, with an overlap."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.webhooks.rotation import rotate_secret
from shared.wire.rotation import RotatedWebhookAnswer, RotateSecret


@route(
    "POST",
    "/api/v1/outgoing-webhooks/{webhook_id}/rotate-secret",
    scope="webhooks:write",
    answer=RotatedWebhookAnswer,
    errors=(409,),
    audit=("overlap_seconds",),
)
async def endpoint(call: Call, webhook_id: str, body: RotateSecret) -> dict[str, Any]:
    """Replace the secret; deliveries are signed with both until the overlap ends. It is shown this once."""
    return await rotate_secret(call.core, call.caller, webhook_id, body.secret, body.overlap, call.now)


handler = lambda_handler(endpoint)
