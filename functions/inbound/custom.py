"""POST /api/v1/webhooks/{org_id}/custom: push a job by a webhook."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.edge.address import require_https
from shared.inbound.organization import find_organization
from shared.inbound.receive import take_in
from shared.wire.inbound import CustomWebhook, InboundAnswer


@route(
    "POST",
    "/api/v1/webhooks/{org_id}/custom",
    access="public",
    proof=("webhookToken",),
    answer=InboundAnswer,
    errors=(401,),
)
async def endpoint(call: Call, org_id: str, body: CustomWebhook) -> dict[str, Any]:
    """Push a job; the header X-Webhook-Token holds the organization's webhook token."""
    require_https(call)
    organization = await find_organization(call.core, org_id, call.now)
    organization.admit(call.headers.get("x-webhook-token", ""))
    return await take_in(call.core, organization, body.delivery(), body.new_job(call.trace), call.now)


handler = lambda_handler(endpoint)
