"""As much HTTP/1.1 as a process and its environment speak: one request at a time per connection.

A reply is one write: headers and body apart would meet Nagle's algorithm and delayed acknowledgements,
which cost 40 ms each.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import cast

from httptools import HttpParserError, HttpRequestParser

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Request:
    method: str = ""
    target: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    status: HTTPStatus
    body: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = ()

    def encoded(self) -> bytes:
        head = [
            f"HTTP/1.1 {self.status.value} {self.status.phrase}",
            "Content-Type: application/json",
            f"Content-Length: {len(self.body)}",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        return "\r\n".join(head).encode() + b"\r\n\r\n" + self.body


Answer = Callable[[Request], Awaitable[Reply]]


async def serve_on_loopback(answer: Answer) -> tuple[asyncio.Server, int]:
    """Listen on a free port of 127.0.0.1."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(answer), "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


class _Connection(asyncio.Protocol):
    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._request = Request()
        self._body: list[bytes] = []
        self._parser = HttpRequestParser(self)
        self._answering: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The transport of uvloop is none by its class.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        if self._answering:
            self._answering.cancel()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            self._transport.close()

    def on_url(self, url: bytes) -> None:
        self._request.target += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._request.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._request.headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        request, self._request = self._request, Request()
        request.method = self._parser.get_method().decode()
        request.body = b"".join(self._body)
        self._body.clear()
        self._answering = asyncio.create_task(self._reply(request))

    async def _reply(self, request: Request) -> None:
        with suppress(asyncio.CancelledError):
            try:
                reply = await self._answer(request)
            except Exception:
                # Who asked must not wait for ever for an answer to come.
                logger.exception("%s %s could not be answered", request.method, request.target)
                reply = Reply(HTTPStatus.INTERNAL_SERVER_ERROR)
            if not self._transport.is_closing():
                self._transport.write(reply.encoded())
