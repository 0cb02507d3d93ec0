"""PUT /api/v1/api-keys/{key_id}: change a key."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.tenants.keys import change_key
from shared.wire.tenants import ChangeKey, KeyAnswer


@route(
    "PUT",
    "/api/v1/api-keys/{key_id}",
    scope="api-keys:write",
    answer=KeyAnswer,
    errors=(409,),
    audit=("name", "queues", "rate_limit", "is_active"),
)
async def endpoint(call: Call, key_id: str, body: ChangeKey) -> dict[str, Any]:
    """Change what the body names; it holds from the next request on."""
    return await change_key(call.core, call.caller, key_id, call.now, **body.model_dump())


handler = lambda_handler(endpoint)
