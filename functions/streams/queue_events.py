"""GET /api/v1/events/queues/{queue_name}: the figures of a queue."""

from shared.edge import Call
from shared.edge.streaming import Selection, stream
from shared.wire.live import ResumeQuery
from shared.wire.vocabulary import checked_queue_name


@stream("/api/v1/events/queues/{queue_name}", scope="queues:read")
async def endpoint(call: Call, queue_name: str, query: ResumeQuery) -> Selection:  # noqa: ARG001 - where to begin
    """Server-sent events `QueueStats` of one queue: at once, then when it changed, at most once a second."""
    name = checked_queue_name(queue_name)
    call.caller.require_queue(name)
    return Selection(queue=name, types=frozenset({"QueueStats"}))
