"""POST /api/v1/admin/organizations: a new organization on any plan."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.tenants.organizations import create_organization
from shared.wire.admin import AdminCreatedAnswer, AdminCreateOrganization


@route(
    "POST",
    "/api/v1/admin/organizations",
    access="admin",
    status=201,
    answer=AdminCreatedAnswer,
    errors=(409,),
)
async def endpoint(call: Call, body: AdminCreateOrganization) -> dict[str, Any]:
    """Make an organization and its first API key, which is shown only here."""
    made = await create_organization(
        call.core,
        call.now,
        name=body.name,
        slug=body.slug,
        billing_email=body.billing_email,
        plan_tier=body.plan_tier,
        settings=body.settings_text(),
        custom_limits=None if body.custom_limits is None else body.custom_limits.text(),
    )
    return made | {"api_key_id": made["api_key"]["id"]}


handler = lambda_handler(endpoint)
