"""QueueService.Enqueue: push a job."""

from shared.edge.rpc import RpcCall, rpc
from shared.jobs.enqueue_one import enqueue_job
from shared.wire.jobs import CreateJob
from shared.wire.proto import spooled_pb2 as pb
from shared.wire.rpc.requests import read


@rpc("QueueService", "Enqueue", scope="jobs:write")
async def method(call: RpcCall, request: pb.EnqueueRequest) -> pb.EnqueueResponse:
    """Push a job. A known idempotency key gives the first job's id, with `created` false."""
    body = read(CreateJob, request, payload={})
    call.caller.require_queue(body.queue_name)
    new = body.new_job(body.queue_name, call.now, trace=call.trace)
    job = await enqueue_job(call.core, call.caller, new, call.now)
    return pb.EnqueueResponse(job_id=job["id"], created=job["created"])
