"""GET /api/v1/jobs/{job_id}/history: what happened to a job."""

from shared.edge import Answer, Call, lambda_handler, route
from shared.jobs.read import job_history
from shared.wire.job_views import HistoryEventAnswer, HistoryQuery


@route("GET", "/api/v1/jobs/{job_id}/history", scope="jobs:read", answer=list[HistoryEventAnswer], pages=True)
async def endpoint(call: Call, job_id: str, query: HistoryQuery) -> Answer:
    """A page of events, oldest first: its making, each attempt and how it ended."""
    events, has_more = await job_history(call.core, call.caller, job_id, **query.page())
    return Answer(events, headers={"x-has-more": str(has_more).lower()})


handler = lambda_handler(endpoint)
