"""POST /api/v1/jobs/bulk: push up to a thousand jobs."""

from typing import Any

from shared import ids
from shared.edge import Call, lambda_handler, route
from shared.jobs.enqueue import enqueue_jobs
from shared.wire.jobs import BulkAnswer, BulkEnqueue


@route("POST", "/api/v1/jobs/bulk", scope="jobs:write", answer=BulkAnswer)
async def endpoint(call: Call, body: BulkEnqueue) -> dict[str, Any]:
    """Push many jobs in one transaction: all are made or none is."""
    jobs = body.new_jobs(call.now)
    for job in jobs:
        call.caller.require_queue(job.queue)
    enqueued = await enqueue_jobs(call.core, call.caller, jobs, call.now)
    succeeded = [
        {"index": index, "job_id": ids.encode("job", outcome.job_id), "created": outcome.created}
        for index, outcome in enumerate(enqueued)
    ]
    return {
        "succeeded": succeeded,
        "failed": [],
        "total": len(jobs),
        "success_count": len(succeeded),
        "failure_count": 0,
    }


handler = lambda_handler(endpoint)
