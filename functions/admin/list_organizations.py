"""GET /api/v1/admin/organizations: all organizations."""

from typing import Any

from shared.admin.organizations import list_organizations
from shared.edge import Call, lambda_handler, route
from shared.wire.admin import AdminListAnswer, AdminListQuery


@route("GET", "/api/v1/admin/organizations", access="admin", answer=AdminListAnswer)
async def endpoint(call: Call, query: AdminListQuery) -> dict[str, Any]:
    """A page of organizations with their figures, and how many there are in all."""
    return await list_organizations(call.core, query.filter(), call.now)


handler = lambda_handler(endpoint)
