"""POST /api/v1/admin/organizations/{organization_id}/reset-usage: begin the day's count again."""

from typing import Any

from shared import ids
from shared.admin.organizations import reset_usage
from shared.edge import Call, lambda_handler, route
from shared.wire.admin import ResetUsageAnswer


@route(
    "POST",
    "/api/v1/admin/organizations/{organization_id}/reset-usage",
    access="admin",
    answer=ResetUsageAnswer,
    audit=(),
)
async def endpoint(call: Call, organization_id: str) -> dict[str, Any]:
    """Count the jobs of today from now on."""
    return await reset_usage(call.core, ids.decode("org", organization_id), call.now)


handler = lambda_handler(endpoint)
