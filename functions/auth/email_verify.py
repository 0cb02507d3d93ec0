"""POST /api/v1/auth/email/verify: sign in with the code that came by e-mail."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.edge.throttle import login_rate
from shared.people.sign_in import verify_code
from shared.wire.people import EmailVerifiedAnswer, VerifyEmail


@route(
    "POST",
    "/api/v1/auth/email/verify",
    access="public",
    answer=EmailVerifiedAnswer,
    errors=(404,),
    uses=("mail",),
)
async def endpoint(call: Call, body: VerifyEmail) -> dict[str, Any]:
    """Tokens for the person's first organization, or a sign-up token for who has none."""
    guard = login_rate(call.client_address)
    (await call.core.rates.take([guard], call.now)).require("wrong codes from this address")
    verified = await verify_code(call.core, body.email, body.code, call.now)
    call.core.rates.give_back(guard)
    return verified


handler = lambda_handler(endpoint)
