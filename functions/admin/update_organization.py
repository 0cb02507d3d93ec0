"""PATCH /api/v1/admin/organizations/{organization_id}: change an organization."""

from typing import Any

from shared import ids
from shared.admin.organizations import change_organization
from shared.edge import Call, lambda_handler, route
from shared.wire.admin import AdminChangeOrganization, AdminOrganizationAnswer


@route(
    "PATCH",
    "/api/v1/admin/organizations/{organization_id}",
    access="admin",
    answer=AdminOrganizationAnswer,
    errors=(409,),
    audit=("name", "plan_tier", "is_active", "billing_email", "custom_limits"),
)
async def endpoint(call: Call, organization_id: str, body: AdminChangeOrganization) -> dict[str, Any]:
    """Change what the body names, the plan and the organization's own limits too."""
    return await change_organization(
        call.core, ids.decode("org", organization_id), body.admin_changes(), call.now
    )


handler = lambda_handler(endpoint)
