"""POST /api/v1/schedules/{schedule_id}/resume: let a paused schedule go on."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.schedules.manage import update_schedule
from shared.wire.schedules import ScheduleAnswer, UpdateSchedule


@route(
    "POST",
    "/api/v1/schedules/{schedule_id}/resume",
    scope="schedules:write",
    answer=ScheduleAnswer,
    audit=(),
)
async def endpoint(call: Call, schedule_id: str) -> dict[str, Any]:
    """Let a schedule go on with its next run from now; what the pause skipped stays skipped."""
    changes = UpdateSchedule(is_active=True).columns()
    return await update_schedule(call.core, call.caller, schedule_id, changes, call.now)


handler = lambda_handler(endpoint)
