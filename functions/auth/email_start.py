"""POST /api/v1/auth/email/start: send a code by e-mail."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.edge.throttle import mail_rate
from shared.people.codes import send_code
from shared.wire.people import CodeSentAnswer, StartEmail


@route(
    "POST",
    "/api/v1/auth/email/start",
    access="public",
    answer=CodeSentAnswer,
    errors=(404,),
    uses=("mail", "internet"),
)
async def endpoint(call: Call, body: StartEmail) -> dict[str, Any]:
    """Send a code that is good for ten minutes; a new one replaces the old. 404 where mail is off."""
    guard = mail_rate(call.client_address)
    (await call.core.rates.take([guard], call.now)).require("codes asked for from this address")
    return await send_code(call.core, body.email, call.now)


handler = lambda_handler(endpoint)
