"""WebSocket over the connections of the HTTP server."""

import asyncio

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame
from websockets.http11 import Request

from shared.edge.connection import CONNECTION, Connection
from shared.edge.process.patience import Patience
from shared.edge.process.refusal import refusal
from shared.errors import InvalidInputError

_MOST_FRAGMENTS = 1024
"""Of one message; empty ones count for nothing in its size."""


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """Nothing that a client sends makes this side hold more and more, or fills the log."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._patience = Patience(self.transport, self.loop.time())

    def look_after(self, now: float, seconds: float) -> None:
        """Hang up when the client has kept the service waiting for so long, but for its stream."""
        is_open = self.handshake_complete and not self.transport.is_closing()
        if not is_open and self._patience.is_over(now, seconds):
            self.transport.abort()

    def handle_cont(self, event: Frame) -> None:
        if self.close_sent:
            return
        if len(self.frames) < _MOST_FRAGMENTS:
            super().handle_cont(event)
            return
        self.frames = []
        self.conn.send_close(CloseCode.MESSAGE_TOO_BIG)
        self.handle_parser_exception()

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            self.scope[CONNECTION] = Connection(self.transport)  # type: ignore[literal-required]

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            # The library gives up, and would leave whoever asked waiting for an answer.
            said = "This is no request for a WebSocket that can be read. Is each header shorter than 8 KB?"
            self.transport.write(refusal("400 Bad Request", InvalidInputError(said)))
            self.transport.close()

    async def send(self, message: ASGISendEvent) -> None:
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            # The refusal has been sent, and is no fault of ours that the log should have.
            self.handshake_complete = True

    def handle_ping(self) -> None:
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()  # Who reads no answers gets none.

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not _is_text(b"".join(self.frames)):
            self.conn.send_close(CloseCode.INVALID_DATA)
            self.handle_parser_exception()
            return
        super().send_receive_event_to_app()


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
