"""POST /api/v1/billing/portal: open the billing portal."""

from shared.billing.portal import portal_url
from shared.edge import Call, lambda_handler, route
from shared.wire.billing import OpenPortal, PortalAnswer


@route(
    "POST",
    "/api/v1/billing/portal",
    scope="organization:admin",
    answer=PortalAnswer,
    errors=(404,),
    uses=("stripe", "internet"),
)
async def endpoint(call: Call, body: OpenPortal) -> dict[str, str]:
    """A page of Stripe where people change their subscription; 400 where there is none to change."""
    return {"url": await portal_url(call.core, call.caller, body.return_url)}


handler = lambda_handler(endpoint)
