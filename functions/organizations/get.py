"""GET /api/v1/organizations/{organization_id}: one organization."""

from typing import Any

from shared import ids
from shared.edge import Call, lambda_handler, route
from shared.tenants.organizations import get_organization
from shared.wire.tenants import OrganizationAnswer


@route("GET", "/api/v1/organizations/{organization_id}", scope="organization:read", answer=OrganizationAnswer)
async def endpoint(call: Call, organization_id: str) -> dict[str, Any]:
    """The caller's own organization."""
    return await get_organization(call.core, call.caller, ids.decode("org", organization_id))


handler = lambda_handler(endpoint)
