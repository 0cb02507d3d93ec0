"""POST /api/v1/webhooks/{org_id}/stripe: an event of Stripe."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.edge.address import require_https
from shared.edge.body import parse_event
from shared.inbound.organization import find_organization
from shared.inbound.receive import take_in
from shared.signature import stripe_fault
from shared.wire.inbound import InboundAnswer, provider_job, stripe_delivery


@route(
    "POST",
    "/api/v1/webhooks/{org_id}/stripe",
    access="public",
    proof=("stripeSignature",),
    answer=InboundAnswer,
    errors=(401,),
)
async def endpoint(call: Call, org_id: str) -> dict[str, Any]:
    """Make a job of an event, once for each event id; the request carries Stripe's signature."""
    require_https(call)
    headers, body = call.headers, call.raw_body
    organization = await find_organization(call.core, org_id, call.now)
    organization.admit_signed(
        "stripe",
        headers.get("x-webhook-token", ""),
        "Stripe-Signature",
        lambda secret: stripe_fault(secret, headers.get("stripe-signature", ""), body, call.now),
    )
    event = parse_event(body)
    delivery = stripe_delivery(event)
    job = provider_job(organization, delivery, event, call.trace)
    return await take_in(call.core, organization, delivery, job, call.now)


handler = lambda_handler(endpoint)
