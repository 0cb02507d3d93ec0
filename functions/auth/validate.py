"""POST /api/v1/auth/validate: is this token good?"""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.tenants.sessions import examine_token
from shared.wire.auth import ValidateAnswer, ValidateRequest


@route("POST", "/api/v1/auth/validate", access="public", answer=ValidateAnswer)
async def endpoint(call: Call, body: ValidateRequest) -> dict[str, Any]:
    """Whether an access token would be let in, and its claims; a bad one is 200 with `valid: false`."""
    return await examine_token(call.core, body.token, call.now)


handler = lambda_handler(endpoint)
