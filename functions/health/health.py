"""GET /health: whether the service and what it stands on are well."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.health import check_health
from shared.wire.health import HealthAnswer


@route("GET", "/health", access="public", answer=HealthAnswer)
async def endpoint(call: Call) -> dict[str, Any]:
    """Status, version and the parts: 200 while requests are answered, `degraded` when a part is away."""
    return await check_health(call.core, call.now)


handler = lambda_handler(endpoint)
