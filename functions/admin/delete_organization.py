"""DELETE /api/v1/admin/organizations/{organization_id}: close an organization, or delete it."""

from shared import ids
from shared.admin.organizations import remove_organization
from shared.edge import Call, lambda_handler, route
from shared.wire.admin import AdminDeleteQuery


@route(
    "DELETE",
    "/api/v1/admin/organizations/{organization_id}",
    access="admin",
    status=204,
    audit=("hard_delete",),
)
async def endpoint(call: Call, organization_id: str, query: AdminDeleteQuery) -> None:
    """Close an organization so that its keys stop working; with `hard_delete` delete all that it has."""
    await remove_organization(
        call.core, ids.decode("org", organization_id), call.now, for_good=query.hard_delete
    )


handler = lambda_handler(endpoint)
