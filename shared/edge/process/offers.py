"""Another protocol that a client offers (`Upgrade: h2c`) is not taken up, and the request is read as it is.

The parser stops behind the headers of such a request, whatever follows: a body would be left out, and its
bytes be taken for another request. Java's own client sends all its first requests so.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import httptools

if TYPE_CHECKING:
    from shared.edge.process.bounds import BoundedHttp

_FRAMING = {b"content-length", b"transfer-encoding"}


class OfferDeaf:
    """The parser of a connection: goes on with a new one where one stops."""

    def __init__(self, protocol: "BoundedHttp") -> None:
        self._protocol = protocol
        self._parser = _parser_for(protocol)

    def feed_data(self, data: bytes) -> None:
        """Raises HttpParserUpgrade for a protocol that is taken up, and whatever the parser raises."""
        while True:
            try:
                return self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as stopped:
                if self._protocol.takes_offer():
                    raise
                framing = self._protocol.begin_skipped_body()
                self._parser = _parser_for(_Rest(self._protocol) if framing else self._protocol)
                data = framing + data[stopped.args[0] :]

    def get_http_version(self) -> str:
        return self._parser.get_http_version()

    def get_method(self) -> bytes:
        return self._parser.get_method()

    def should_keep_alive(self) -> bool:
        return self._parser.should_keep_alive()

    def should_upgrade(self) -> bool:
        return self._parser.should_upgrade()


class _Rest:
    """Tells a protocol of what follows the headers of a request that it knows."""

    def __init__(self, protocol: "BoundedHttp") -> None:
        self.on_body = protocol.on_body
        self.on_message_complete = protocol.on_message_complete
        self._protocol = protocol
        self._is_known = True

    def on_message_begin(self) -> None:
        if not self._is_known:
            self._protocol.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if not self._is_known:
            self._protocol.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._is_known:
            self._protocol.on_header(name, value)

    def on_headers_complete(self) -> None:
        if not self._is_known:
            self._protocol.on_headers_complete()
        self._is_known = False


def framing_of(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Headers alone that say how long the body is, as a request; nothing where there is none."""
    found = b"".join(name + b": " + value + b"\r\n" for name, value in headers if name in _FRAMING)
    return b"POST / HTTP/1.1\r\n" + found + b"\r\n" if found else b""


def _parser_for(callbacks: object) -> httptools.HttpRequestParser:
    parser = httptools.HttpRequestParser(callbacks)
    # As uvicorn has it: what is sent behind a last request is no fault of that one.
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser
