"""Requests byte by byte, as no client library would send them."""

import re
import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPMessage, HTTPResponse
from urllib.parse import urlsplit

_CHANGING = re.compile(
    rb'"(?:request_id|\w*_?id|key|key_prefix)":"[^"]*"|"[0-9-]{10}T[0-9:.]+Z"|"uptime_seconds":[0-9.]+'
)


@dataclass(frozen=True)
class RawAnswer:
    """Status, headers and body as they came."""

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def settled_body(self) -> bytes:
        """The body without what no two answers have in common: ids and times."""
        return _CHANGING.sub(b'"..."', self.body)


def exchange(
    url: str,
    method: str,
    target: bytes,
    headers: list[tuple[str, bytes]],
    body: bytes = b"",
) -> RawAnswer:
    """Send a request as it stands and read the answer to its end."""
    place = urlsplit(url)
    if not any(name.lower() == "host" for name, _ in headers):
        headers = [("Host", place.netloc.encode()), *headers]
    head = [method.encode() + b" " + target + b" HTTP/1.1"]
    head += [name.encode() + b": " + value for name, value in [*headers, ("Connection", b"close")]]
    with socket.create_connection((place.hostname or "", place.port or 80), timeout=20) as connection:
        connection.sendall(b"\r\n".join(head) + b"\r\n\r\n" + body)
        with HTTPResponse(connection, method=method) as response:
            response.begin()
            return RawAnswer(response.status, response.headers, response.read())


def said_to(port: int, parts: Iterable[bytes], seconds: float = 30.0) -> bytes:
    """All that a server says to these bytes until it hangs up, which it must within so many seconds.

    What it does not take any more is not sent.
    """
    answer = bytearray()
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        with suppress(ConnectionError):
            for part in parts:
                connection.sendall(part)
        with suppress(ConnectionError):
            while said := connection.recv(65_536):
                answer += said
    return bytes(answer)
