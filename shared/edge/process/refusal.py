"""What is no HTTP at all is refused in the same shape as everything else."""

import asyncio
import sys
import uuid
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from shared.edge.answer import encode
from shared.edge.connection import CONNECTION, Connection
from shared.edge.cors import CORS_HEADERS
from shared.edge.guards import GUARDS
from shared.edge.process.head_held import HeadHeld
from shared.errors import InvalidInputError

_LENGTH = b"content-length"


class RefusingProtocol(HttpToolsProtocol):
    """HTTP whose refusals are JSON: a request line or headers over 64 KB, bytes of another protocol.

    Streams learn from it when the server ends, and may abort their connection.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.connection = Connection(transport)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope[CONNECTION] = self.connection  # type: ignore[literal-required]

    def on_headers_complete(self) -> None:
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:
            if self.scope["method"] != "HEAD":  # whose answer is a head, and nothing comes behind it
                self.cycle.transport = HeadHeld(self.transport)  # type: ignore[assignment]
            if self.scope["http_version"] == "1.0":
                _end_with_connection(self.cycle)

    def shutdown(self) -> None:
        super().shutdown()
        self.connection.end_stream()

    def send_400_response(self, msg: str) -> None:
        error = InvalidInputError(f"{msg} Are its address and headers shorter than 64 KB?")
        body = encode(error.body())
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
            (b"x-request-id", uuid.uuid4().hex.encode()),
            *CORS_HEADERS,
            *GUARDS,
        ]
        head = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + head + b"\r\n" + body)
        self.transport.close()


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
