"""POST /api/v1/admin/organizations/{organization_id}/api-keys: a key of any organization."""

from typing import Any

from shared import ids
from shared.admin.organizations import make_key
from shared.edge import Call, lambda_handler, route
from shared.wire.admin import AdminCreateKey, AdminKeyAnswer


@route(
    "POST",
    "/api/v1/admin/organizations/{organization_id}/api-keys",
    access="admin",
    status=201,
    answer=AdminKeyAnswer,
    audit=("name", "queues", "rate_limit", "expires_at"),
)
async def endpoint(call: Call, organization_id: str, body: AdminCreateKey) -> dict[str, Any]:
    """Make an API key; it is shown only in this answer."""
    return await make_key(call.core, ids.decode("org", organization_id), call.now, **body.model_dump())


handler = lambda_handler(endpoint)
