"""POST /api/v1/organizations/webhook-secrets/{provider}/rotate: another signing secret, with an overlap."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.inbound.rotation import rotate_provider_secret
from shared.wire.rotation import RotatedProviderAnswer, RotateSecret


@route(
    "POST",
    "/api/v1/organizations/webhook-secrets/{provider}/rotate",
    scope="organization:admin",
    answer=RotatedProviderAnswer,
    errors=(404, 409),
    audit=("overlap_seconds",),
)
async def endpoint(call: Call, provider: str, body: RotateSecret) -> dict[str, Any]:
    """Replace the secret that `github` or `stripe` signs with; both are good until the overlap ends."""
    return await rotate_provider_secret(call.core, call.caller, provider, body.secret, body.overlap, call.now)


handler = lambda_handler(endpoint)
