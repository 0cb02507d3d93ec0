"""QueueService.Fail: report a failed attempt."""

from shared.edge.rpc import RpcCall, rpc
from shared.jobs.settle_one import fail_job
from shared.wire.proto import spooled_pb2 as pb
from shared.wire.rpc.models import read_failure


@rpc("QueueService", "Fail", scope="jobs:write", while_draining=True)
async def method(call: RpcCall, request: pb.FailRequest) -> pb.FailResponse:
    """Failed: back to the queue with backoff while retries are left, else to the dead letters."""
    body = read_failure(request)
    body.require_lease(call.core.settings)
    failure = body.failure(request.job_id)
    outcome = await fail_job(call.core, call.caller, body.worker_id, failure, call.random, call.now)
    row = outcome.row_or_raise()
    will_retry = row["state"] == "pending"
    delay = (row["run_at"] - call.now).total_seconds() if will_retry else 0
    return pb.FailResponse(success=True, will_retry=will_retry, next_retry_delay_secs=int(delay))
