"""POST /api/v1/organizations/{organization_id}/members: invite somebody."""

from typing import Any

from shared import ids
from shared.edge import Call, lambda_handler, route
from shared.people.members import add_member
from shared.wire.people import AddMember, MemberAnswer


@route(
    "POST",
    "/api/v1/organizations/{organization_id}/members",
    scope="users:admin",
    status=201,
    answer=MemberAnswer,
    errors=(409,),
    uses=("mail", "internet"),
    audit=("email", "role"),
)
async def endpoint(call: Call, organization_id: str, body: AddMember) -> dict[str, Any]:
    """Take somebody in and write to them; they sign in with a code by e-mail."""
    org_id = ids.decode("org", organization_id)
    return await add_member(call.core, call.caller, org_id, call.now, email=body.email, role=body.role)


handler = lambda_handler(endpoint)
