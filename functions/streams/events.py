"""GET /api/v1/events: what happens, as it happens."""

from shared.edge import Call
from shared.edge.streaming import Selection, stream
from shared.wire.live import EventsQuery


@stream("/api/v1/events", scope="jobs:read")
async def endpoint(call: Call, query: EventsQuery) -> Selection:
    """Server-sent events, each `{"type": ..., "data": ...}`, of all that the credential may see."""
    if query.queue is not None:
        call.caller.require_queue(query.queue)
    return Selection(query.queue, query.job_id, query.types())
