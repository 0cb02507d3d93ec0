"""Server-sent events: one answer that does not end, which browsers read with EventSource."""

from collections.abc import Sequence

from shared.edge.guards import GUARDS
from shared.edge.sending import common_headers
from shared.edge.streaming.declared import EVENT_STREAM
from shared.edge.streaming.line import Hear, Line, pieces
from shared.edge.streaming.notice import error_notice
from shared.errors import SpooledError
from shared.live import LiveEvent

THE_END = "end"
"""The id of who has seen all that there will be: it is let in no more, which ends a browser's asking."""
_COME_BACK = b"retry: 1000\n"
_COMMENT = b": still here\n"
_HEADERS = [
    (b"content-type", EVENT_STREAM.encode()),
    *GUARDS,
    (b"x-accel-buffering", b"no"),
    # A connection that may be clogged when its stream ends is good for nothing else.
    (b"connection", b"close"),
]


class EventLine(Line):
    """A frame is its `id`, if there is one, its `data` and a blank line."""

    _told = ""

    async def open(self, position: str) -> None:
        headers = [*common_headers(self._scope), *_HEADERS]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        self._told = position
        await self._write(_COME_BACK + (_id(position) if position else b"") + b"\n")

    async def listen(self, hear: Hear) -> None:  # noqa: ARG002 - such a client says nothing
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def send(self, events: Sequence[LiveEvent]) -> None:
        for piece in pieces(map(_frame, events)):
            await self._write(piece)
        self._told = next((event.id for event in reversed(events) if event.id), self._told)

    async def beat(self, position: str) -> None:
        is_new, self._told = position != self._told, position
        await self._write((_id(position) if is_new else b"") + _COMMENT + b"\n")

    async def close(self, error: SpooledError | None, *, is_over: bool) -> None:
        said = b"" if error is None else _frame(error_notice(error, self._clock()))
        if is_over:
            said += _id(THE_END) + b"\n"
        await self._send({"type": "http.response.body", "body": said, "more_body": False})

    async def _write(self, body: bytes) -> None:
        self._handed += len(body)
        await self._send({"type": "http.response.body", "body": body, "more_body": True})


def _id(position: str) -> bytes:
    return b"id: " + position.encode() + b"\n"


def _frame(event: LiveEvent) -> bytes:
    return (_id(event.id) if event.id else b"") + b"data: " + event.wire + b"\n\n"
