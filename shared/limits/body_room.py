"""Room for large bodies: a process holds only so much of them, and reads the others when it has the room."""

from contextvars import ContextVar
from types import TracebackType
from typing import Self

from shared.limits.fair import Fair, Place

SMALL_BODY = 65_536
"""Bytes that are read from everybody: a server takes about as much before it is asked for it."""
_BLOCK = 65_536
_BLOCKS, _BLOCKS_OF_EACH = 1_024, 256
"""Of all, and of each organization while others send large bodies too: 64 MB and 16 MB."""
_NOBODY_KNOWN = 0
_HELD: ContextVar[Place | None] = ContextVar("room", default=None)


def body_rooms() -> Fair:
    """The room of one process, in blocks of 64 KB; who finds none waits for it as for a place."""
    return Fair(places=_BLOCKS_OF_EACH, most_under_way=_BLOCKS, fewest_under_way=_BLOCKS)


class BodyRoom:
    """What the body of one request takes of it, until the end of its block.

    org_id: whose it is; None when it came without a credential.
    """

    __slots__ = ("_org_id", "_place", "_rooms")

    def __init__(self, rooms: Fair, org_id: int | None) -> None:
        self._rooms = rooms
        self._org_id = org_id or _NOBODY_KNOWN
        self._place: Place | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._place is not None:
            self._place.__exit__(kind, error, traceback)

    async def take(self, size: int) -> None:
        """Wait until there is room for so many bytes, if they are many.

        Raises CrowdedError when that takes too long or would.
        """
        if size > SMALL_BODY and self._place is None:
            self._place = await self._rooms.take(self._org_id, cost=-(-size // _BLOCK))
            _HELD.set(self._place)

    @staticmethod
    def is_needed() -> bool:
        """Whether the request of this context holds room that is better not kept by one that only waits."""
        held = _HELD.get()
        return held is not None and held.is_scarce
