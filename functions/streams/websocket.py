"""GET /api/v1/ws: what happens, over a WebSocket."""

from shared.edge import Call
from shared.edge.streaming import Selection, stream
from shared.wire.live import EventsQuery


@stream("/api/v1/ws", scope="jobs:read", over="websocket")
async def endpoint(call: Call, query: EventsQuery) -> Selection:
    """The events of `GET /api/v1/events` as messages, and commands to choose among them.

    `{"cmd": "Subscribe", "queue": ..., "job_id": ...}`, `Unsubscribe` and `Ping`.
    """
    if query.queue is not None:
        call.caller.require_queue(query.queue)
    return Selection(query.queue, query.job_id, query.types())
