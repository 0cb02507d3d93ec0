"""GET /api/v1/organizations/{organization_id}/members: the people of an organization."""

from typing import Any

from shared import ids
from shared.edge import Call, lambda_handler, route
from shared.people.members import list_members
from shared.wire.people import MemberAnswer


@route(
    "GET",
    "/api/v1/organizations/{organization_id}/members",
    scope="users:read",
    answer=list[MemberAnswer],
)
async def endpoint(call: Call, organization_id: str) -> list[dict[str, Any]]:
    """Everybody who belongs to the organization, who joined first first."""
    return await list_members(call.core, call.caller, ids.decode("org", organization_id))


handler = lambda_handler(endpoint)
