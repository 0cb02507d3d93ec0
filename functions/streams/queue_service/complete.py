"""QueueService.Complete: settle a job as done."""

from shared.edge.rpc import RpcCall, rpc
from shared.jobs.settle_one import complete_job
from shared.wire.jobs import CompleteRequest
from shared.wire.proto import spooled_pb2 as pb
from shared.wire.rpc.requests import read


@rpc("QueueService", "Complete", scope="jobs:write", while_draining=True)
async def method(call: RpcCall, request: pb.CompleteRequest) -> pb.CompleteResponse:
    """Done: keep the result. A stale lease changes nothing."""
    body = read(CompleteRequest, request)
    body.require_lease(call.core.settings)
    completion = body.completion(request.job_id)
    outcome = await complete_job(call.core, call.caller, body.worker_id, completion, call.now)
    outcome.row_or_raise()
    return pb.CompleteResponse(success=True)
