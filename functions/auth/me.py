"""GET /api/v1/auth/me: who am I?"""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.edge.credential import bearer
from shared.tenants.sessions import describe_session
from shared.wire.auth import SessionAnswer


@route("GET", "/api/v1/auth/me", answer=SessionAnswer)
async def endpoint(call: Call) -> dict[str, Any]:
    """The organization, key, queues and lifetime behind the credential of this request."""
    return await describe_session(call.core, call.caller, bearer(call.headers), call.now)


handler = lambda_handler(endpoint)
