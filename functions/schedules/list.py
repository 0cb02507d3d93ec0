"""GET /api/v1/schedules: the schedules of the organization."""

from shared.edge import Answer, Call, lambda_handler, route
from shared.schedules.manage import list_schedules
from shared.wire.schedules import ListSchedulesQuery, ScheduleAnswer


@route(
    "GET",
    "/api/v1/schedules",
    scope="schedules:read",
    answer=list[ScheduleAnswer],
    pages=True,
)
async def endpoint(call: Call, query: ListSchedulesQuery) -> Answer:
    """A page of schedules, newest first; `X-Has-More` says whether more follow."""
    schedules, has_more = await list_schedules(
        call.core,
        call.caller,
        queue=query.queue_name,
        is_active=query.is_active,
        after=query.after,
        limit=query.limit,
        offset=query.offset,
    )
    return Answer(schedules, headers={"x-has-more": str(has_more).lower()})


handler = lambda_handler(endpoint)
