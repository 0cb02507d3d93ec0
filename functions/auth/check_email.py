"""GET /api/v1/auth/check-email: whether an address is known."""

from shared.edge import Call, lambda_handler, route
from shared.edge.throttle import look_up_rate
from shared.people.sign_in import check_email
from shared.wire.people import EmailCheckAnswer, EmailQuery


@route("GET", "/api/v1/auth/check-email", access="public", answer=EmailCheckAnswer, uses=("mail",))
async def endpoint(call: Call, query: EmailQuery) -> dict[str, bool]:
    """Whether somebody has this address here, and whether one can sign up."""
    guard = look_up_rate(call.client_address)
    (await call.core.rates.take([guard], call.now)).require("look-ups from this address")
    return await check_email(call.core, query.email)


handler = lambda_handler(endpoint)
