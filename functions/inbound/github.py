"""POST /api/v1/webhooks/{org_id}/github: an event of GitHub."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.edge.address import require_https
from shared.edge.body import parse_event
from shared.inbound.organization import find_organization
from shared.inbound.receive import take_in
from shared.signature import github_fault
from shared.wire.inbound import InboundAnswer, github_delivery, provider_job


@route(
    "POST",
    "/api/v1/webhooks/{org_id}/github",
    access="public",
    proof=("githubSignature",),
    answer=InboundAnswer,
    errors=(401,),
)
async def endpoint(call: Call, org_id: str) -> dict[str, Any]:
    """Make a job of an event, once for each X-GitHub-Delivery; the request carries GitHub's signature."""
    require_https(call)
    headers, body = call.headers, call.raw_body
    organization = await find_organization(call.core, org_id, call.now)
    organization.admit_signed(
        "github",
        headers.get("x-webhook-token", ""),
        "X-Hub-Signature-256",
        lambda secret: github_fault(secret, headers.get("x-hub-signature-256", ""), body),
    )
    delivery = github_delivery(headers)
    event = parse_event(body, headers.get("content-type", ""))
    job = provider_job(organization, delivery, event, call.trace)
    return await take_in(call.core, organization, delivery, job, call.now)


handler = lambda_handler(endpoint)
