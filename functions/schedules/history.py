"""GET /api/v1/schedules/{schedule_id}/history: the runs of a schedule."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.schedules.history import list_runs
from shared.wire.schedules import HistoryQuery, RunAnswer


@route(
    "GET",
    "/api/v1/schedules/{schedule_id}/history",
    scope="schedules:read",
    answer=list[RunAnswer],
)
async def endpoint(call: Call, schedule_id: str, query: HistoryQuery) -> list[dict[str, Any]]:
    """The runs of a schedule, newest first, each with the state of its job."""
    return await list_runs(call.core, call.caller, schedule_id, query.limit)


handler = lambda_handler(endpoint)
