"""HTTP with bounds: what a client sends makes the service hold so much and wait so long, and no more."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.edge.process.offers import OfferDeaf, framing_of
from shared.edge.process.patience import Patience
from shared.edge.process.pipelining import Pipeline

LARGEST_HEAD = 65_536
"""The most that address, headers and trailers of a request may be together, bytes."""
LAST_WORDS_SECONDS = 1.0
"""So long a client has to hear that this was all, where only a hard end can follow."""


class _HeadTooLargeError(Exception):
    """Ends the reading of a request; the parser makes a refusal of it."""


class BoundedHttp(HttpToolsProtocol):
    """Uvicorn's protocol, which by itself holds an unfinished head of any size, for any time."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow: Pipeline = Pipeline(transport, self.pipeline)
        self._patience = Patience(transport, self.loop.time())
        self.parser = OfferDeaf(self)  # type: ignore[assignment]
        self._framing = b""
        self._head_bytes = 0
        self._is_in_head = False
        self._is_read = True
        # The answer was there before the request was read, and all that follows is passed over.
        self._is_passed_over = self._is_hung_up = False
        # What the parser was given since it told anything: it holds an unfinished header, however long.
        self._unread_bytes = 0
        self._has_told = False

    def data_received(self, data: bytes) -> None:
        if self._is_hung_up:
            return
        for piece in self.flow.slices(data):
            if self.transport.is_closing() or self.transport.get_protocol() is not self:
                return
            self._read(piece)

    def look_after(self, now: float, seconds: float) -> None:
        """Hang up when the client has kept the service waiting for so long; `now` is of the event loop."""
        if self._patience.is_over(now, seconds):
            self.transport.abort()

    def leave_if_idle(self, now: float, seconds: float) -> None:
        """Hang up on a client that has asked for nothing for so long; `now` is of the event loop."""
        idle_until = self.timeout_keep_alive_task
        if idle_until is not None and idle_until.when() - now < self.timeout_keep_alive - seconds:
            self.timeout_keep_alive_handler()

    def hang_up(self) -> None:
        """Nothing follows what was written; who is still sending would lose it if nobody took the rest."""
        if self._is_read or self.pipeline or self.transport.is_closing():
            self.transport.close()
            return
        self._is_hung_up = True
        self._patience.begin(self.loop.time())
        self.flow.resume_reading()
        self.end_saying()
        if not self.transport.can_write_eof():  # TLS, whose client may wait for the end
            self.loop.call_later(LAST_WORDS_SECONDS, self.transport.close)

    def end_saying(self) -> None:
        """Say that nothing follows what was written, and still take what comes."""
        try:
            if self.transport.can_write_eof():
                self.transport.write_eof()
        except OSError:  # the client has gone; only uvloop tells it by itself
            self.transport.abort()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._has_told = self._is_in_head = True
        self._is_read = self._is_passed_over = False
        self._head_bytes = 0
        self._patience.begin(self.loop.time())

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        if self._is_in_head:  # a trailer comes too late to say anything
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._has_told = True
        self._is_in_head = False
        self._patience.end()
        is_ignored = self.parser.should_upgrade() and not self.takes_offer()
        self._framing = framing_of(self.headers) if is_ignored else b""
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._has_told = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self._framing:
            return  # its body is still to be read
        self._has_told = self._is_read = True
        self._patience.end()
        super().on_message_complete()
        self._is_passed_over = not self._is_answering

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._is_read:
            self._patience.begin(self.loop.time())
        if self.flow.is_due:
            self.loop.call_soon(self.data_received, b"")

    def takes_offer(self) -> bool:
        """Whether the protocol that the request offers is spoken from here on."""
        return self._should_upgrade()

    def begin_skipped_body(self) -> bytes:
        """The headers that say how long the body is of a request whose offer was not taken, if it has one."""
        framing, self._framing = self._framing, b""
        return framing

    def _read(self, data: bytes) -> None:
        self._has_told = False
        super().data_received(data)
        self._unread_bytes = 0 if self._has_told else self._unread_bytes + len(data)
        if self._unread_bytes > LARGEST_HEAD and not self.transport.is_closing():
            self.send_400_response("Invalid HTTP request received.")
        elif self._is_read and self.timeout_keep_alive_task is None and not self._is_answering:
            if self._is_passed_over:
                self._is_passed_over = False
                self.timeout_keep_alive_task = self.loop.call_later(
                    self.timeout_keep_alive, self.timeout_keep_alive_handler
                )
            else:
                self._patience.begin(self.loop.time())

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _count(self, size: int) -> None:
        self._has_told = True
        self._head_bytes += size
        if self._head_bytes > LARGEST_HEAD:
            raise _HeadTooLargeError
