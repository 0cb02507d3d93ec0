"""QueueService.GetJob: one job."""

from shared import ids
from shared.edge.rpc import RpcCall, rpc
from shared.jobs.read import JobNotFoundError, get_job
from shared.wire.proto import spooled_pb2 as pb
from shared.wire.rpc.answers import job_message, trace_metadata


@rpc("QueueService", "GetJob", scope="jobs:read", while_draining=True)
async def method(call: RpcCall, request: pb.GetJobRequest) -> pb.GetJobResponse:
    """A job whole, finished or not, with its trace in the metadata; without `job` when there is none."""
    try:
        job = await get_job(call.core, call.caller, request.job_id, call.now)
    except JobNotFoundError:
        return pb.GetJobResponse()
    call.trailers.update(trace_metadata(job))
    return pb.GetJobResponse(job=job_message(job, ids.encode("org", call.caller.org_id)))
