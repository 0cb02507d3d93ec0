"""POST /api/v1/schedules: make a schedule."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.schedules.manage import create_schedule
from shared.wire.schedules import CreateSchedule, ScheduleAnswer


@route(
    "POST", "/api/v1/schedules", scope=("schedules:write", "jobs:write"), status=201, answer=ScheduleAnswer
)
async def endpoint(call: Call, body: CreateSchedule) -> dict[str, Any]:
    """Make a job recur by a cron in a time zone, like `$schedule->job()->dailyAt('09:00')`."""
    return await create_schedule(call.core, call.caller, body.columns(), call.now)


handler = lambda_handler(endpoint)
