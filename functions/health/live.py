"""GET /health/live: whether the process runs."""

from shared.edge import Call, lambda_handler, route
from shared.wire.health import LiveAnswer


@route("GET", "/health/live", access="public", answer=LiveAnswer)
async def endpoint(call: Call) -> dict[str, str]:  # noqa: ARG001 - to answer at all is the answer
    """For what restarts a process that hangs: it looks at nothing but itself."""
    return {"status": "alive"}


handler = lambda_handler(endpoint)
