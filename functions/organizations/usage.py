"""GET /api/v1/organizations/usage: what is used of the plan."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.limits.usage import usage_info
from shared.wire.usage import UsageInfoAnswer


@route(
    "GET",
    "/api/v1/organizations/usage",
    scope="organization:read",
    answer=UsageInfoAnswer,
    errors=(404,),
)
async def endpoint(call: Call) -> dict[str, Any]:
    """The plan, its limits, the current figures, and a warning for each limit that is near."""
    return await usage_info(call.core, call.caller.scope, call.caller.org_id, call.now)


handler = lambda_handler(endpoint)
