"""GET /api/v1/schedules/{schedule_id}: one schedule."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.schedules.manage import get_schedule
from shared.wire.schedules import ScheduleAnswer


@route("GET", "/api/v1/schedules/{schedule_id}", scope="schedules:read", answer=ScheduleAnswer)
async def endpoint(call: Call, schedule_id: str) -> dict[str, Any]:
    """A schedule with the time of its next run."""
    return await get_schedule(call.core, call.caller, schedule_id)


handler = lambda_handler(endpoint)
