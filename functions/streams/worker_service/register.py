"""WorkerService.Register: a worker comes."""

from shared.edge.rpc import RpcCall, rpc
from shared.wire.proto import spooled_pb2 as pb
from shared.wire.rpc.models import RegisterRpcWorker
from shared.wire.rpc.requests import read
from shared.workers.registry import register_worker


@rpc("WorkerService", "Register", scope="workers:write")
async def method(call: RpcCall, request: pb.RegisterWorkerRequest) -> pb.RegisterWorkerResponse:
    """Note a worker; with a known `worker_id` the worker of before, at no second place of the plan."""
    new_id = f"worker_{call.random.getrandbits(64):016x}"
    registration = read(RegisterRpcWorker, request).registration(new_id)
    noted = await register_worker(call.core, call.caller, registration, call.now)
    return pb.RegisterWorkerResponse(
        worker_id=noted["id"],
        lease_duration_secs=noted["lease_duration_secs"],
        heartbeat_interval_secs=noted["heartbeat_interval_secs"],
    )
