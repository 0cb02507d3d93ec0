"""GET /api/v1/workers/{worker_id}/jobs: what a worker has in its hands."""

from typing import Any

from shared.edge import Call, lambda_handler, route
from shared.wire.jobs import JobSummaryAnswer
from shared.workers.held import jobs_of_worker


@route("GET", "/api/v1/workers/{worker_id}/jobs", scope="jobs:read", answer=list[JobSummaryAnswer])
async def endpoint(call: Call, worker_id: str) -> list[dict[str, Any]]:
    """The jobs that a worker holds, registered or not: the longest running first, without payloads."""
    return await jobs_of_worker(call.core, call.caller, worker_id, call.now)


handler = lambda_handler(endpoint)
