"""GET /api/v1/jobs/dlq: the dead-letter queue."""

from shared.edge import Answer, Call, lambda_handler, route
from shared.jobs.listing import list_whole_jobs
from shared.wire.job_views import DeadJobAnswer, ListDeadJobsQuery


@route("GET", "/api/v1/jobs/dlq", scope="jobs:read", answer=list[DeadJobAnswer], pages=True)
async def endpoint(call: Call, query: ListDeadJobsQuery) -> Answer:
    """A page of dead jobs, newest first, whole; `X-Has-More` says whether more follow."""
    wanted = query.filter(("deadletter",))
    jobs, has_more = await list_whole_jobs(call.core, call.caller, wanted, call.now)
    return Answer(jobs, headers={"x-has-more": str(has_more).lower()})


handler = lambda_handler(endpoint)
