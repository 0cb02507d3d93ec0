"""DELETE /api/v1/organizations/{organization_id}/members/{user_id}: remove somebody."""

from shared import ids
from shared.edge import Call, lambda_handler, route
from shared.people.members import remove_member


@route(
    "DELETE",
    "/api/v1/organizations/{organization_id}/members/{user_id}",
    scope="users:admin",
    status=204,
    errors=(409,),
    audit=(),
)
async def endpoint(call: Call, organization_id: str, user_id: str) -> None:
    """End a membership and the person's sessions in the organization; the owner stays (409)."""
    org_id, person = ids.decode("org", organization_id), ids.decode("user", user_id)
    await remove_member(call.core, call.caller, org_id, person)


handler = lambda_handler(endpoint)
