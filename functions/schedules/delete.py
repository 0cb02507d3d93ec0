"""DELETE /api/v1/schedules/{schedule_id}: delete a schedule."""

from shared.edge import Answer, Call, lambda_handler, route
from shared.schedules.manage import delete_schedule


@route("DELETE", "/api/v1/schedules/{schedule_id}", scope="schedules:write", status=204, audit=())
async def endpoint(call: Call, schedule_id: str) -> Answer:
    """Delete a schedule and its history; the jobs that it made stay."""
    await delete_schedule(call.core, call.caller, schedule_id, call.now)
    return Answer(status=204)


handler = lambda_handler(endpoint)
