"""GET /api/v1/api-keys/{key_id}: one key."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.tenants.keys import get_key
from shared.wire.tenants import KeyAnswer


@route("GET", "/api/v1/api-keys/{key_id}", scope="api-keys:read", answer=KeyAnswer)
async def endpoint(call: Call, key_id: str) -> dict[str, Any]:
    """One key, without its secret."""
    return await get_key(call.core, call.caller, key_id)


handler = lambda_handler(endpoint)
