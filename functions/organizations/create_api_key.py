"""POST /api/v1/organizations/{organization_id}/api-keys: make an API key for an organization."""

from typing import Any

from shared import ids
from shared.edge import Call, lambda_handler, route
from shared.tenants.keys import create_key
from shared.wire.tenants import CreatedKeyAnswer, CreateKey


@route(
    "POST",
    "/api/v1/organizations/{organization_id}/api-keys",
    scope="api-keys:write",
    access="optional",
    status=201,
    answer=CreatedKeyAnswer,
    audit=("name", "permissions", "queues", "rate_limit", "expires_at"),
)
async def endpoint(call: Call, organization_id: str, body: CreateKey) -> dict[str, Any]:
    """Make an API key; it is shown only in this answer."""
    org_id = ids.decode("org", organization_id)
    return await create_key(call.core, call.maybe_caller, org_id, call.now, **body.model_dump())


handler = lambda_handler(endpoint)
