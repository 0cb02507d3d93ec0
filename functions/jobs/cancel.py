"""DELETE /api/v1/jobs/{job_id}: cancel a job that has not started."""

from shared.edge import Answer, Call, lambda_handler, route
from shared.jobs.cancel import cancel_job


@route("DELETE", "/api/v1/jobs/{job_id}", scope="jobs:delete", status=204, errors=(409,))
async def endpoint(call: Call, job_id: str) -> Answer:
    """Cancel a pending or scheduled job; in any other state it is 409."""
    await cancel_job(call.core, call.caller, job_id, call.now)
    return Answer(status=204)


handler = lambda_handler(endpoint)
