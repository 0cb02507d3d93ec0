"""QueueService.GetQueueStats: what a queue is doing."""

from shared.edge.rpc import RpcCall, rpc
from shared.queues.config import QueueNotFoundError
from shared.queues.stats import queue_figures
from shared.wire.proto import spooled_pb2 as pb
from shared.wire.rpc.answers import queue_stats_message
from shared.wire.rpc.models import NamedQueue
from shared.wire.rpc.requests import read


@rpc("QueueService", "GetQueueStats", scope="queues:read", while_draining=True)
async def method(call: RpcCall, request: pb.GetQueueStatsRequest) -> pb.GetQueueStatsResponse:
    """Jobs by state, and the age of the oldest that is due; only 0 for a queue that there is not."""
    name = read(NamedQueue, request).queue_name
    try:
        figures = await queue_figures(call.core, call.caller, name, call.now)
    except QueueNotFoundError:
        return pb.GetQueueStatsResponse(queue_name=name)
    return queue_stats_message(name, figures)
