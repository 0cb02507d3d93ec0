"""QueueService.ProcessJobs: all that a worker asks, on one stream."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from functions.streams.queue_service import complete, dequeue, fail, renew_lease
from shared.edge.rpc import RpcCall, rpc
from shared.edge.rpc.conversation import conversation
from shared.errors import InvalidInputError
from shared.wire.proto import spooled_pb2 as pb


@rpc("QueueService", "ProcessJobs", scope="jobs:write")
async def method(
    call: RpcCall, requests: AsyncIterator[pb.ProcessRequest]
) -> AsyncIterator[pb.ProcessResponse]:
    """Answer each request in order, a dequeue by one message for each job; errors do not end the stream."""
    async with aclosing(conversation(call, requests, _answer)) as answers:
        async for answer in answers:
            yield answer


async def _answer(call: RpcCall, request: pb.ProcessRequest) -> list[pb.ProcessResponse]:
    match request.WhichOneof("request"):
        case "dequeue":
            taken = await dequeue.method.function(call, request=request.dequeue)
            return [pb.ProcessResponse(job=job) for job in taken.jobs]
        case "complete":
            done = await complete.method.function(call, request=request.complete)
            return [pb.ProcessResponse(complete=done)]
        case "fail":
            return [pb.ProcessResponse(fail=await fail.method.function(call, request=request.fail))]
        case "renew_lease":
            renewed = await renew_lease.method.function(call, request=request.renew_lease)
            return [pb.ProcessResponse(renew_lease=renewed)]
    raise InvalidInputError("request: say one of dequeue, complete, fail and renew_lease")
