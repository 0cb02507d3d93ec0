"""POST /api/v1/auth/signup/complete: make an organization of one's own."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.edge.credential import require_open_registration
from shared.people.sign_up import complete_sign_up
from shared.wire.people import CompleteSignUp, SignedUpAnswer


@route(
    "POST",
    "/api/v1/auth/signup/complete",
    access="public",
    status=201,
    answer=SignedUpAnswer,
    errors=(401, 403, 404, 409),
    uses=("mail",),
)
async def endpoint(call: Call, body: CompleteSignUp) -> dict[str, Any]:
    """Make the organization, its first key and its owner; a taken slug leaves the sign-up token good."""
    require_open_registration(call.core, call.headers)
    return await complete_sign_up(call.core, body.signup_token, call.now, name=body.name, slug=body.slug)


handler = lambda_handler(endpoint)
