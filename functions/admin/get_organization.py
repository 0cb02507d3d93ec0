"""GET /api/v1/admin/organizations/{organization_id}: one organization."""

from typing import Any

from shared import ids
from shared.admin.organizations import show_organization
from shared.edge import Call, lambda_handler, route
from shared.wire.admin import AdminOrganizationDetailAnswer


@route(
    "GET",
    "/api/v1/admin/organizations/{organization_id}",
    access="admin",
    answer=AdminOrganizationDetailAnswer,
)
async def endpoint(call: Call, organization_id: str) -> dict[str, Any]:
    """An organization with everything that is counted of it."""
    return await show_organization(call.core, ids.decode("org", organization_id), call.now)


handler = lambda_handler(endpoint)
