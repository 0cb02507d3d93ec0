"""PUT /api/v1/schedules/{schedule_id}: change a schedule."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.schedules.manage import update_schedule
from shared.wire.schedules import ScheduleAnswer, UpdateSchedule


@route("PUT", "/api/v1/schedules/{schedule_id}", scope="schedules:write", answer=ScheduleAnswer)
async def endpoint(call: Call, schedule_id: str, body: UpdateSchedule) -> dict[str, Any]:
    """Change what is named; another cron or time zone plans the next run from now. The queue stays."""
    return await update_schedule(call.core, call.caller, schedule_id, body.columns(), call.now)


handler = lambda_handler(endpoint)
