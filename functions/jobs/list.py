"""GET /api/v1/jobs: the jobs of the organization."""

from shared.edge import Answer, Call, lambda_handler, route
from shared.jobs.listing import list_jobs
from shared.wire.job_views import ListJobsQuery
from shared.wire.jobs import JobSummaryAnswer


@route("GET", "/api/v1/jobs", scope="jobs:read", answer=list[JobSummaryAnswer], pages=True)
async def endpoint(call: Call, query: ListJobsQuery) -> Answer:
    """A page of jobs, newest first, without payloads; `X-Has-More` says whether more follow."""
    jobs, has_more = await list_jobs(call.core, call.caller, query.job_filter(), call.now)
    return Answer(jobs, headers={"x-has-more": str(has_more).lower()})


handler = lambda_handler(endpoint)
