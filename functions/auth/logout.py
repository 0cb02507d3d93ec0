"""POST /api/v1/auth/logout: end tokens."""

from shared.edge import Answer, Call, lambda_handler, route
from shared.edge.credential import bearer
from shared.tenants.sessions import sign_out
from shared.wire.auth import LogoutRequest


@route("POST", "/api/v1/auth/logout", status=204)
async def endpoint(call: Call, body: LogoutRequest) -> Answer:
    """End the access token of this request at once, and the refresh token when it is given."""
    await sign_out(call.core, bearer(call.headers), body.refresh_token, call.now)
    return Answer(status=204)


handler = lambda_handler(endpoint)
