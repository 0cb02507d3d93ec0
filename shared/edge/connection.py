"""What ASGI has no word for: the connection of a request, which a stream may have to give up."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

CONNECTION = "spooled.connection"
"""Where the server puts it in the scope."""


def _nothing() -> None: ...


@dataclass(slots=True)
class Connection:
    """One connection and what a stream on it wants to know."""

    transport: asyncio.Transport
    end_stream: Callable[[], None] = _nothing
    """Called when the server ends."""

    @property
    def is_streaming(self) -> bool:
        """Whether a stream is on it, which looks after its reader by itself."""
        return self.end_stream is not _nothing
