"""POST /api/v1/schedules/{schedule_id}/pause: stop a schedule."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.schedules.manage import update_schedule
from shared.wire.schedules import ScheduleAnswer, UpdateSchedule


@route(
    "POST",
    "/api/v1/schedules/{schedule_id}/pause",
    scope="schedules:write",
    answer=ScheduleAnswer,
    audit=(),
)
async def endpoint(call: Call, schedule_id: str) -> dict[str, Any]:
    """Stop a schedule until it is resumed."""
    changes = UpdateSchedule(is_active=False).columns()
    return await update_schedule(call.core, call.caller, schedule_id, changes, call.now)


handler = lambda_handler(endpoint)
