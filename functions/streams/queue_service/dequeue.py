"""QueueService.Dequeue: take due jobs of a queue."""

from shared import ids
from shared.edge.rpc import RpcCall, rpc
from shared.jobs.claim_wait import claim_jobs
from shared.jobs.give_back import give_back
from shared.wire.proto import spooled_pb2 as pb
from shared.wire.rpc.answers import how_many_fit, job_message, trace_metadata
from shared.wire.rpc.models import TakeJobs
from shared.wire.rpc.requests import read


@rpc("QueueService", "Dequeue", scope="jobs:write")
async def method(call: RpcCall, request: pb.DequeueRequest) -> pb.DequeueResponse:
    """Take up to `batch_size` jobs under a lease, or what of them an answer holds; none to who went away.

    The metadata behind an answer of one job says its trace.
    """
    body = read(TakeJobs, request)
    call.caller.require_queue(body.queue_name)
    jobs = await claim_jobs(call.core, call.caller, body.claim(), call.client_is_gone)
    org_id = ids.encode("org", call.caller.org_id)
    messages = [job_message(job, org_id) for job in jobs]
    kept = how_many_fit(messages)
    await give_back(call.core, call.caller, jobs[kept:])
    if await call.client_is_gone():
        await give_back(call.core, call.caller, jobs[:kept])
    if len(jobs) == 1:
        call.trailers.update(trace_metadata(jobs[0]))
    return pb.DequeueResponse(jobs=messages[:kept])
