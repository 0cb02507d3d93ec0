"""GET /api/v1/schedules/{schedule_id}/preview: when a schedule fires next."""

from datetime import datetime

from shared.edge import Call, lambda_handler, route
from shared.schedules.manage import preview_schedule
from shared.wire.schedules import FireAnswer, PreviewQuery


@route(
    "GET",
    "/api/v1/schedules/{schedule_id}/preview",
    scope="schedules:read",
    answer=list[FireAnswer],
)
async def endpoint(call: Call, schedule_id: str, query: PreviewQuery) -> list[dict[str, datetime]]:
    """The next fires in UTC and local time, as if the schedule were not paused."""
    return await preview_schedule(call.core, call.caller, schedule_id, query.cut_count, call.now)


handler = lambda_handler(endpoint)
