"""GET /api/v1/dashboard/activity: what was made and what ended, step by step."""

from typing import Any

from shared.dashboard import activity
from shared.edge import Call, lambda_handler, route
from shared.wire.dashboard import ActivityAnswer, ActivityQuery


@route("GET", "/api/v1/dashboard/activity", scope="organization:read", answer=ActivityAnswer)
async def endpoint(call: Call, query: ActivityQuery) -> dict[str, Any]:
    """Jobs of the last hours in steps of 5 minutes, or of 30 beyond four hours; of all queues or of one."""
    return await activity(call.core, call.caller, call.now, hours=query.hours, queue=query.queue_name)


handler = lambda_handler(endpoint)
