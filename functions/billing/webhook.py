"""POST /api/v1/billing/webhook: events of Stripe."""

from shared.billing.subscription import take_in_event
from shared.edge import Call, lambda_handler, route
from shared.edge.body import parse_json
from shared.errors import InvalidInputError, NotFoundError
from shared.signature import stripe_fault
from shared.wire.billing import EventTakenAnswer, stripe_event


@route(
    "POST",
    "/api/v1/billing/webhook",
    access="public",
    proof=("stripeSignature",),
    answer=EventTakenAnswer,
    errors=(404, 409, 422),
    uses=("stripe",),
)
async def endpoint(call: Call) -> dict[str, bool]:
    """Keep subscriptions in step with Stripe; the request must carry Stripe's signature."""
    secret = call.core.settings.stripe_webhook_secret
    if not secret:
        raise NotFoundError("Billing is not set up here: STRIPE_WEBHOOK_SECRET is not set.")
    fault = stripe_fault(secret, call.headers.get("stripe-signature", ""), call.raw_body, call.now)
    if fault:
        raise InvalidInputError.of_field("Stripe-Signature", fault, "bad_signature")
    event = stripe_event(parse_json(call.raw_body))
    changed = event is not None and await take_in_event(call.core, event, call.now)
    return {"received": True, "changed": changed}


handler = lambda_handler(endpoint)
