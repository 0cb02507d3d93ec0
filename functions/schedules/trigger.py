"""POST /api/v1/schedules/{schedule_id}/trigger: run a schedule now."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.schedules.fire import trigger_schedule
from shared.wire.schedules import TriggeredAnswer


@route(
    "POST",
    "/api/v1/schedules/{schedule_id}/trigger",
    scope=("schedules:write", "jobs:write"),
    answer=TriggeredAnswer,
    audit=(),
)
async def endpoint(call: Call, schedule_id: str) -> dict[str, Any]:
    """Make the job of a schedule now, be it paused; its next run stays as planned."""
    return await trigger_schedule(call.core, call.caller, schedule_id, call.now, call.trace)


handler = lambda_handler(endpoint)
