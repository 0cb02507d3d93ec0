"""POST /api/v1/api-keys/{key_id}/rotate: a successor for a key, with an overlap."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.tenants.key_rotation import rotate_key
from shared.wire.rotation import Overlap, RotatedKeyAnswer


@route(
    "POST",
    "/api/v1/api-keys/{key_id}/rotate",
    scope="api-keys:write",
    status=201,
    answer=RotatedKeyAnswer,
    errors=(404, 409),
    audit=("overlap_seconds",),
)
async def endpoint(call: Call, key_id: str, body: Overlap) -> dict[str, Any]:
    """Make a key that may do the same, shown this once; the one before ends after the overlap."""
    return await rotate_key(call.core, call.caller, key_id, body.overlap, call.now)


handler = lambda_handler(endpoint)
