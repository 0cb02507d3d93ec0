"""POST /api/v1/jobs/bulk: push up to a thousand jobs."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.give_way import each_of
from shared.jobs.bulk import enqueue_bulk
from shared.wire.bulk import BulkAnswer, BulkEnqueue


@route("POST", "/api/v1/jobs/bulk", scope="jobs:write", answer=BulkAnswer)
async def endpoint(call: Call, body: BulkEnqueue) -> dict[str, Any]:
    """Push many jobs in one transaction; a wrong parent or webhook refuses its job alone."""
    jobs = await each_of(body.jobs, lambda job: body.new_job(job, call.now, call.trace))
    for queue in dict.fromkeys(job.queue for job in jobs):
        call.caller.require_queue(queue)
    return await enqueue_bulk(call.core, call.caller, jobs, call.now)


handler = lambda_handler(endpoint)
