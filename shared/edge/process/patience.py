"""How long a connection may keep the service waiting, for a request or for room to answer."""

import asyncio


class Patience:
    """With one connection; `now` is always of the event loop's clock.

    A new one waits for a request.
    """

    __slots__ = ("_since", "_stuck_since", "_transport", "_unsent")

    def __init__(self, transport: asyncio.Transport, now: float) -> None:
        self._transport = transport
        self._since: float | None = now
        self._unsent = 0
        self._stuck_since: float | None = None

    def begin(self, now: float) -> None:
        """The client is to go on with what it has begun to say; if it was to already, since then."""
        if self._since is None:
            self._since = now

    def end(self) -> None:
        """It has said it."""
        self._since = None

    def is_over(self, now: float, seconds: float) -> bool:
        """Whether it kept us waiting for longer, or took nothing of an answer for so long.

        To be asked from time to time: what it takes is seen by comparison.
        """
        unsent = self._transport.get_write_buffer_size()
        if unsent == 0 or unsent < self._unsent:
            self._stuck_since = None
        elif self._stuck_since is None:
            self._stuck_since = now
        self._unsent = unsent
        return any(since is not None and now - since > seconds for since in (self._since, self._stuck_since))
