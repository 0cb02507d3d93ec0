"""How events travel to one reader. Server-sent events and WebSocket are two ways of doing it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence

from starlette.types import Receive, Scope, Send

from shared.clock import Clock
from shared.edge.connection import CONNECTION, Connection
from shared.errors import SpooledError
from shared.live import LiveEvent
from shared.wire.live import Command

LARGEST_PIECE = 65_536
"""The most that is handed to a connection before it has taken what it was handed, bytes."""
Hear = Callable[[Command], None]
"""Does what a client says; raises SpooledError for what cannot be done."""


class Line(ABC):
    """One connection and what is said over it."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, clock: Clock) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._clock = clock
        self._connection: Connection | None = scope.get(CONNECTION)
        self._handed = 0

    @property
    def is_clogged(self) -> bool:
        """Whether something is still on its way out."""
        return self._waiting > 0

    @property
    def taken(self) -> int:
        """How much the connection has taken of what it was handed, bytes, without what frames it."""
        return self._handed - self._waiting

    @property
    def _waiting(self) -> int:
        return 0 if self._connection is None else self._connection.transport.get_write_buffer_size()

    def when_server_ends(self, do: Callable[[], None]) -> None:
        """What to do then."""
        if self._connection is not None:
            self._connection.end_stream = do

    @abstractmethod
    async def open(self, position: str) -> None:
        """Let the reader in; `position` is the id to come back with until there was an event, or empty."""

    @abstractmethod
    async def listen(self, hear: Hear) -> None:
        """Hear the client, until it is gone."""

    @abstractmethod
    async def send(self, events: Sequence[LiveEvent]) -> None:
        """Send events, as fast as the connection takes them."""

    @abstractmethod
    async def beat(self, position: str) -> None:
        """Say that the line stands, and the id to come back with when it is a new one."""

    @abstractmethod
    async def close(self, error: SpooledError | None, *, is_over: bool) -> None:
        """Say why it ends, if there is a reason, and end it.

        is_over: nothing would follow for who comes back.
        """

    def abort(self) -> None:
        """End it without another word, and without what is still on its way."""
        if self._connection is not None:
            self._connection.transport.abort()

    async def cut(self) -> None:
        """As `abort`, and wait until the server has noticed, which until then would want a whole answer."""
        if self._connection is not None:
            self._connection.transport.abort()
            await self.listen(lambda _command: None)


def pieces(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The parts joined, up to LARGEST_PIECE at a time unless one part is larger."""
    piece: list[bytes] = []
    size = 0
    for part in parts:
        if piece and size + len(part) > LARGEST_PIECE:
            yield b"".join(piece)
            piece, size = [], 0
        piece.append(part)
        size += len(part)
    if piece:
        yield b"".join(piece)
