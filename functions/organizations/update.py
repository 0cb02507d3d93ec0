"""PUT /api/v1/organizations/{organization_id}: change an organization."""

from typing import Any

from shared import ids
from shared.edge import Call, lambda_handler, route
from shared.tenants.organizations import change_organization
from shared.wire.tenants import ChangeOrganization, OrganizationAnswer


@route(
    "PUT",
    "/api/v1/organizations/{organization_id}",
    scope="organization:admin",
    answer=OrganizationAnswer,
    audit=("name", "billing_email"),
)
async def endpoint(call: Call, organization_id: str, body: ChangeOrganization) -> dict[str, Any]:
    """Change what the body names."""
    org_id = ids.decode("org", organization_id)
    return await change_organization(call.core, call.caller, org_id, body.changes(), call.now)


handler = lambda_handler(endpoint)
