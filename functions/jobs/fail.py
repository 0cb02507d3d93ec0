"""POST /api/v1/jobs/{job_id}/fail: report a failed attempt."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.jobs.model import job_answer
from shared.jobs.settle_one import fail_job
from shared.wire.jobs import FailedJobAnswer, FailRequest


@route("POST", "/api/v1/jobs/{job_id}/fail", scope="jobs:write", answer=FailedJobAnswer, errors=(409,))
async def endpoint(call: Call, job_id: str, body: FailRequest) -> dict[str, Any]:
    """Failed: back to the queue with backoff while retries are left, else to the dead letters."""
    body.require_lease(call.core.settings)
    failure = body.failure(job_id)
    outcome = await fail_job(call.core, call.caller, body.worker_id, failure, call.random, call.now)
    row = outcome.row_or_raise()
    will_retry = row["state"] == "pending"
    retry_at = row["run_at"] if will_retry else None
    return job_answer(row, call.now) | {"success": True, "will_retry": will_retry, "next_retry_at": retry_at}


handler = lambda_handler(endpoint)
