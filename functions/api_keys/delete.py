"""DELETE /api/v1/api-keys/{key_id}: revoke a key."""

from shared.edge import Call, lambda_handler, route
from shared.tenants.keys import revoke_key


@route("DELETE", "/api/v1/api-keys/{key_id}", scope="api-keys:write", status=204, audit=())
async def endpoint(call: Call, key_id: str) -> None:
    """Revoke a key for good; it stops working at once."""
    await revoke_key(call.core, call.caller, key_id, call.now)


handler = lambda_handler(endpoint)
