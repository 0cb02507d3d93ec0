"""GET /api/v1/admin/stats: the service in figures."""

from typing import Any

from shared.admin.stats import service_stats
from shared.edge import Call, lambda_handler, route
from shared.wire.admin import AdminStatsAnswer


@route("GET", "/api/v1/admin/stats", access="admin", answer=AdminStatsAnswer)
async def endpoint(call: Call) -> dict[str, Any]:
    """Organizations, jobs and workers of the whole service."""
    return await service_stats(call.core, call.now)


handler = lambda_handler(endpoint)
