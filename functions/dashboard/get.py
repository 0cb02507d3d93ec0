"""GET /api/v1/dashboard: the organization on one page."""

from typing import Any

from shared.dashboard import dashboard
from shared.edge import Call, lambda_handler, route
from shared.wire.dashboard import DashboardAnswer


@route("GET", "/api/v1/dashboard", scope="organization:read", answer=DashboardAnswer)
async def endpoint(call: Call) -> dict[str, Any]:
    """System, jobs, queues, workers and the last hour."""
    return await dashboard(call.core, call.caller, call.now)


handler = lambda_handler(endpoint)
