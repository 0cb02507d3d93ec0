"""GET /api/v1/billing/status: plan and subscription."""

from typing import Any

from shared.billing.subscription import billing_status
from shared.edge import Call, lambda_handler, route
from shared.wire.billing import BillingStatusAnswer


@route("GET", "/api/v1/billing/status", scope="organization:read", answer=BillingStatusAnswer, errors=(404,))
async def endpoint(call: Call) -> dict[str, Any]:
    """The plan, and the subscription as last heard of."""
    return await billing_status(call.core, call.caller)


handler = lambda_handler(endpoint)
