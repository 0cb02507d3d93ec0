"""POST /api/v1/auth/login: exchange an API key for tokens."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.tenants.sessions import sign_in
from shared.wire.auth import LoginAnswer, LoginRequest


@route("POST", "/api/v1/auth/login", access="public", answer=LoginAnswer, errors=(401,))
async def endpoint(call: Call, body: LoginRequest) -> dict[str, Any]:
    """An access token for an hour and a refresh token for thirty days, or until the key expires."""
    return await sign_in(call.core, body.api_key, call.now)


handler = lambda_handler(endpoint)
