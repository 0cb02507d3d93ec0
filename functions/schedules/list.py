"""GET /api/v1/schedules: the schedules of the organization."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.schedules.manage import list_schedules
from shared.wire.schedules import ListSchedulesQuery, ScheduleAnswer


@route("GET", "/api/v1/schedules", scope=("schedules:read", "jobs:read"), answer=list[ScheduleAnswer])
async def endpoint(call: Call, query: ListSchedulesQuery) -> list[dict[str, Any]]:
    """A page of schedules, newest first."""
    return await list_schedules(
        call.core,
        call.caller,
        queue=query.queue_name,
        is_active=query.is_active,
        limit=query.limit,
        offset=query.offset,
    )


handler = lambda_handler(endpoint)
