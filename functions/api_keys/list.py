"""GET /api/v1/api-keys: the keys of the organization."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.tenants.keys import list_keys
from shared.wire.tenants import KeyAnswer


@route("GET", "/api/v1/api-keys", scope="api-keys:read", answer=list[KeyAnswer])
async def endpoint(call: Call) -> list[dict[str, Any]]:
    """All keys, the newest first, without secrets; a revoked one has `revoked_at`."""
    return await list_keys(call.core, call.caller)


handler = lambda_handler(endpoint)
