"""WorkerService.Deregister: a worker goes."""

from shared.edge.rpc import RpcCall, rpc
from shared.wire.proto import spooled_pb2 as pb
from shared.wire.rpc.models import NamedWorker
from shared.wire.rpc.requests import read
from shared.workers.registry import WorkerNotFoundError, deregister_worker


@rpc("WorkerService", "Deregister", scope="workers:write", while_draining=True)
async def method(call: RpcCall, request: pb.DeregisterRequest) -> pb.DeregisterResponse:
    """Forget a worker; a job that it still holds stays leased until the lease ends."""
    try:
        await deregister_worker(call.core, call.caller, read(NamedWorker, request).worker_id, call.now)
    except WorkerNotFoundError:
        return pb.DeregisterResponse(success=False)
    return pb.DeregisterResponse(success=True)
