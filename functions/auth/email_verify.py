"""POST /api/v1/auth/email/verify: sign in with the code that came by e-mail."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.people.sign_in import verify_code
from shared.wire.people import EmailVerifiedAnswer, VerifyEmail


@route("POST", "/api/v1/auth/email/verify", access="public", answer=EmailVerifiedAnswer, errors=(404,))
async def endpoint(call: Call, body: VerifyEmail) -> dict[str, Any]:
    """Tokens for the person's first organization, or a sign-up token for who has none."""
    return await verify_code(call.core, body.email, body.code, call.now)


handler = lambda_handler(endpoint)
