"""GET /api/v1/organizations: the organizations that the caller may see."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.tenants.organizations import list_organizations
from shared.wire.tenants import OrganizationItemAnswer


@route("GET", "/api/v1/organizations", scope="organization:read", answer=list[OrganizationItemAnswer])
async def endpoint(call: Call) -> list[dict[str, Any]]:
    """The caller's own organization, in a list."""
    return await list_organizations(call.core, call.caller)


handler = lambda_handler(endpoint)
