"""GET /api/v1/events/jobs/{job_id}: what becomes of a job."""

from shared.edge import Call
from shared.edge.streaming import Selection, selection_of_job, stream
from shared.wire.live import ResumeQuery


@stream("/api/v1/events/jobs/{job_id}", scope="jobs:read", ends=True)
async def endpoint(call: Call, job_id: str, query: ResumeQuery) -> Selection:  # noqa: ARG001 - where to begin
    """Server-sent events of one job: how it stands, then its changes, until it is settled for good."""
    return selection_of_job(call.core, job_id)
