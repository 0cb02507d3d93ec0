"""QueueService.RenewLease: keep a job a while longer."""

from shared.edge.rpc import RpcCall, rpc
from shared.errors import OtherWorkerError
from shared.jobs.leases import extend_leases
from shared.wire.jobs import HeartbeatRequest
from shared.wire.proto import spooled_pb2 as pb
from shared.wire.rpc.answers import timestamp
from shared.wire.rpc.requests import read


@rpc("QueueService", "RenewLease", scope="jobs:write", while_draining=True)
async def method(call: RpcCall, request: pb.RenewLeaseRequest) -> pb.RenewLeaseResponse:
    """Move the end of the lease to `extension_secs` from now; no success for who does not hold the job."""
    body = read(HeartbeatRequest, request)
    body.require_lease(call.core.settings)
    holds, seconds = [body.hold(request.job_id)], body.lease_duration_secs
    (outcome,) = await extend_leases(call.core, call.caller, body.worker_id, holds, seconds, call.now)
    if isinstance(outcome.refused, OtherWorkerError):
        return pb.RenewLeaseResponse(success=False)
    end = outcome.row_or_raise()["leased_until"]
    return pb.RenewLeaseResponse(success=True, new_expires_at=timestamp(end))
