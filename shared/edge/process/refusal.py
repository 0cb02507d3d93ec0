"""What is no HTTP, or comes over one connection too many, is refused in the shape of everything else."""

import asyncio
import logging
import sys
import uuid
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from shared.edge.answer import encode
from shared.edge.connection import CONNECTION, Connection
from shared.edge.cors import CORS_HEADERS
from shared.edge.guards import GUARDS
from shared.edge.process.bounds import LAST_WORDS_SECONDS, BoundedHttp
from shared.edge.process.head_held import HeadHeld
from shared.errors import InvalidInputError, SpooledError, UnavailableError

logger = logging.getLogger("spooled.http")
_LENGTH = b"content-length"
_TOLD_AGAIN_SECONDS = 5.0


class FullError(UnavailableError):
    """This server has as many connections as it takes; try again shortly, and keep connections open."""


class RefusingProtocol(BoundedHttp):
    """HTTP whose refusals are JSON: a request line or headers over 64 KB, bytes of another protocol.

    One connection more than `most_connections` is answered 503 whatever it asks. Streams learn from it when
    the server ends, and may abort their connection.
    """

    most_connections = sys.maxsize
    told_at = float("-inf")
    """When the log was told last that there are too many, of all connections of a server."""
    _is_too_many = False
    _is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.connection = Connection(transport)
        if len(self.connections) > self.most_connections:
            self._is_too_many = True
            self._tell(self.loop.time())
            self.loop.call_later(LAST_WORDS_SECONDS, transport.abort)

    def _tell(self, now: float) -> None:
        if now - self.told_at >= _TOLD_AGAIN_SECONDS:
            type(self).told_at = now
            logger.warning(
                "connections are refused, the latest from %s: %d are open, as many as it takes",
                self.client[0] if self.client else "somebody",
                self.most_connections,
            )

    def data_received(self, data: bytes) -> None:
        if not self._is_too_many:
            super().data_received(data)
        elif not self.transport.is_closing() and not self._is_refused:
            # Not closed before the rest of the request has come: the client would lose the answer.
            self._is_refused = True
            self.transport.write(refusal("503 Service Unavailable", FullError()))
            self.end_saying()

    def look_after(self, now: float, seconds: float) -> None:
        if not self.connection.is_streaming:
            super().look_after(now, seconds)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope[CONNECTION] = self.connection  # type: ignore[literal-required]

    def on_headers_complete(self) -> None:
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:
            if self.scope["method"] != "HEAD":  # whose answer is a head, and nothing comes behind it
                self.cycle.transport = HeadHeld(self.transport, self.hang_up)  # type: ignore[assignment]
            if self.scope["http_version"] == "1.0":
                _end_with_connection(self.cycle)

    def shutdown(self) -> None:
        super().shutdown()
        self.connection.end_stream()

    def send_400_response(self, msg: str) -> None:
        error = InvalidInputError(f"{msg} Are its address and headers shorter than 64 KB?")
        self.transport.write(refusal("400 Bad Request", error))
        self.transport.close()


def refusal(status: str, error: SpooledError) -> bytes:
    """The whole answer, behind which the connection is closed."""
    body = encode(error.body())
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        (b"x-request-id", uuid.uuid4().hex.encode()),
        *CORS_HEADERS,
        *GUARDS,
    ]
    if error.retry_after is not None:
        headers.append((b"retry-after", str(error.retry_after).encode()))
    head = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    return f"HTTP/1.1 {status}\r\n".encode() + head + b"\r\n" + body


def _end_with_connection(cycle: RequestResponseCycle) -> None:
    """HTTP/1.0 knows no chunks: an answer of unknown length ends with the connection."""
    send, is_endless = cycle.send, False

    async def send_plainly(message: Any) -> None:
        nonlocal is_endless
        if message["type"] == "http.response.start":
            is_endless = all(name.lower() != _LENGTH for name, _ in message.get("headers", ()))
            if is_endless:
                cycle.chunked_encoding, cycle.expected_content_length = False, sys.maxsize
        elif is_endless and not message.get("more_body", False):
            cycle.expected_content_length = len(message.get("body", b""))
        await send(message)

    cycle.send = send_plainly  # type: ignore[method-assign]
