"""POST /api/v1/auth/login: exchange an API key for tokens."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.edge.throttle import login_rate
from shared.tenants.sessions import sign_in
from shared.wire.auth import LoginAnswer, LoginRequest


@route("POST", "/api/v1/auth/login", access="public", answer=LoginAnswer, errors=(401,))
async def endpoint(call: Call, body: LoginRequest) -> dict[str, Any]:
    """An access token for an hour and a refresh token for thirty days, or until the key expires."""
    guard = login_rate(call.client_address)
    (await call.core.rates.take([guard], call.now)).require("wrong logins from this address")
    session = await sign_in(call.core, body.api_key, call.now)
    call.core.rates.give_back(guard)
    return session


handler = lambda_handler(endpoint)
