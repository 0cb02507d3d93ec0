"""POST /api/v1/organizations: a new tenant."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.edge.credential import require_open_registration
from shared.tenants.organizations import create_organization
from shared.wire.tenants import CreatedOrganizationAnswer, CreateOrganization


@route(
    "POST",
    "/api/v1/organizations",
    access="public",
    proof=("none", "adminKey"),
    status=201,
    answer=CreatedOrganizationAnswer,
    errors=(403, 409, 422),
)
async def endpoint(call: Call, body: CreateOrganization) -> dict[str, Any]:
    """Make an organization and its first API key, which is shown only here."""
    require_open_registration(call.core, call.headers)
    return await create_organization(
        call.core, call.now, name=body.name, slug=body.slug, billing_email=body.billing_email
    )


handler = lambda_handler(endpoint)
