"""WorkerService.Heartbeat: a worker is still there."""

from shared.edge.rpc import RpcCall, rpc
from shared.wire.proto import spooled_pb2 as pb
from shared.wire.rpc.models import RpcHeartbeat
from shared.wire.rpc.requests import read
from shared.workers.registry import WorkerNotFoundError, hear_from_worker


@rpc("WorkerService", "Heartbeat", scope="workers:write", while_draining=True)
async def method(call: RpcCall, request: pb.HeartbeatRequest) -> pb.HeartbeatResponse:
    """Note that a worker is there. Not acknowledged: it was silent too long, and shall register again."""
    body = read(RpcHeartbeat, request)
    try:
        status = await hear_from_worker(call.core, call.caller, body.worker_id, body.heartbeat(), call.now)
    except WorkerNotFoundError:
        return pb.HeartbeatResponse(acknowledged=False)
    return pb.HeartbeatResponse(acknowledged=True, should_drain=status == "draining")
