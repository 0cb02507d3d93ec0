"""POST /api/v1/api-keys: make an API key."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.tenants.keys import create_key
from shared.wire.tenants import CreatedKeyAnswer, CreateKey


@route(
    "POST",
    "/api/v1/api-keys",
    scope="api-keys:write",
    status=201,
    answer=CreatedKeyAnswer,
    audit=("name", "permissions", "queues", "rate_limit", "expires_at"),
)
async def endpoint(call: Call, body: CreateKey) -> dict[str, Any]:
    """Make an API key of the caller's organization; it is shown only in this answer."""
    return await create_key(call.core, call.caller, call.caller.org_id, call.now, **body.model_dump())


handler = lambda_handler(endpoint)
