"""GET /api/v1/jobs: the jobs of the organization."""

from shared.edge import Answer, Call, lambda_handler, route
from shared.jobs.listing import JobFilter, list_jobs, parse_statuses
from shared.wire.jobs import JobSummaryAnswer, ListJobsQuery


@route("GET", "/api/v1/jobs", scope="jobs:read", answer=list[JobSummaryAnswer])
async def endpoint(call: Call, query: ListJobsQuery) -> Answer:
    """A page of jobs, newest first, without payloads; `X-Has-More` says whether more follow."""
    wanted = JobFilter(query.queue_name, parse_statuses(query.status), query.limit, query.offset)
    jobs, has_more = await list_jobs(call.core, call.caller, wanted, call.now)
    return Answer(jobs, headers={"x-has-more": str(has_more).lower()})


handler = lambda_handler(endpoint)
