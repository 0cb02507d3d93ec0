"""GET /health/ready: whether requests can be answered."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.health import require_database
from shared.wire.health import ReadyAnswer


@route("GET", "/health/ready", access="public", answer=ReadyAnswer)
async def endpoint(call: Call) -> dict[str, Any]:
    """For what sends requests here or elsewhere: 503 while the database is away or not upgraded yet."""
    await require_database(call.core)
    return {"status": "ready", "database": True}


handler = lambda_handler(endpoint)
