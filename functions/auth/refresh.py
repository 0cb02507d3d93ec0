"""POST /api/v1/auth/refresh: a new access token."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.tenants.sessions import refresh
from shared.wire.auth import RefreshAnswer, RefreshRequest


@route("POST", "/api/v1/auth/refresh", access="public", answer=RefreshAnswer, errors=(401,))
async def endpoint(call: Call, body: RefreshRequest) -> dict[str, Any]:
    """A new access token for a refresh token, which stays good."""
    return await refresh(call.core, body.refresh_token, call.now)


handler = lambda_handler(endpoint)
