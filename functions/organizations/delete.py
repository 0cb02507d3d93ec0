"""DELETE /api/v1/organizations/{organization_id}: delete an organization."""

from shared import ids
from shared.edge import Call, lambda_handler, route
from shared.tenants.closing import delete_organization


@route("DELETE", "/api/v1/organizations/{organization_id}", scope="organization:admin", status=204, audit=())
async def endpoint(call: Call, organization_id: str) -> None:
    """Delete the caller's organization with its keys, queues and jobs; there is no way back."""
    await delete_organization(call.core, call.caller, ids.decode("org", organization_id), call.now)


handler = lambda_handler(endpoint)
