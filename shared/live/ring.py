"""The last events of one organization, held once for all its readers."""

import asyncio
from collections.abc import Iterable, Sequence
from time import monotonic
from typing import NamedTuple

from shared.live.event import LiveEvent
from shared.live.position import ORIGIN, Place, Position, Source
from shared.live.translate import Happening

MOST_EVENTS = 10_000
MOST_BYTES = 8_000_000
_OVERHEAD_BYTES = 1_000
"""What an event takes beside its JSON, which it holds twice: as objects and as text."""


class Held(NamedTuple):
    event: LiveEvent
    position: Position | None
    size: int
    since: float


class Ring:
    """Events by number: the first that is held has the number `first`, the next to come has `end`.

    A reader is a number in it, so however slow it is, nothing is kept for it alone.

    read_to: by source, up to where everything is or was in the ring.
    floor: by source, behind where everything is in the ring still.
    seen: the sources of which something was added.
    newest: the source of what was added last.
    gap: by source, the last place behind which something may be missing.
    """

    def __init__(self, most_events: int = MOST_EVENTS, most_bytes: int = MOST_BYTES) -> None:
        self._most_events = most_events
        self.most_bytes = most_bytes
        self._held: list[Held] = []
        self._numbers: dict[str, int] = {}
        self._size = 0
        self._moved = asyncio.Event()
        self.first = 0
        self.read_to: dict[Source, Place] = {}
        self.floor: dict[Source, Place] = {}
        self.seen: set[Source] = set()
        self.newest: Source | None = None
        self.gap: dict[Source, Place] = {}

    @property
    def end(self) -> int:
        return self.first + len(self._held)

    def begin(self, source: Source, place: Place) -> None:
        """Everything of a source that lies behind a place will be added."""
        self.read_to[source] = self.floor[source] = place

    def add(self, happenings: Iterable[Happening]) -> None:
        """Add what was read from one source, in its order, and wake the readers."""
        for happening in happenings:
            for event in happening.events:
                self._numbers[event.id] = self.end
                self._append(event, happening.position)
            self.read_to[happening.position.source] = happening.position.place
            self.seen.add(happening.position.source)
            self.newest = happening.position.source
        self._settle()

    def add_derived(self, events: Iterable[LiveEvent]) -> None:
        """Add what has no place in a source."""
        for event in events:
            self._append(event, None)
        self._settle()

    def held(self, number: int, most: int) -> Sequence[Held]:
        """Those from a number on, which is `first` or higher."""
        start = number - self.first
        return self._held[start : start + most]

    def number_behind_id(self, event_id: str) -> int | None:
        """The number that follows the event of this id, if that is held."""
        number = self._numbers.get(event_id)
        return None if number is None else number + 1

    def number_behind(self, source: Source, place: Place) -> int:
        """The number that follows the last event of a source up to a place, which is not below its floor."""
        for offset in range(len(self._held) - 1, -1, -1):
            position = self._held[offset].position
            if position is not None and position.source == source and position.place <= place:
                return self.first + offset + 1
        return self.first

    def forget_before(self, moment: float) -> None:
        """Let go of what was added before a moment of the monotonic clock."""
        old = next((place for place, held in enumerate(self._held) if held.since >= moment), len(self._held))
        self._forget(old)

    def wake(self) -> None:
        """Wake all readers."""
        self._moved.set()
        self._moved.clear()

    async def moved(self) -> None:
        """Wait until `wake`."""
        await self._moved.wait()

    def _append(self, event: LiveEvent, position: Position | None) -> None:
        size = _OVERHEAD_BYTES + 2 * len(event.wire)
        self._held.append(Held(event, position, size, monotonic()))
        self._size += size

    def _settle(self) -> None:
        count = max(0, len(self._held) - self._most_events)
        size = self._size - sum(held.size for held in self._held[:count])
        while size > self.most_bytes and count < len(self._held):
            size -= self._held[count].size
            count += 1
        self._forget(count)
        self.wake()

    def _forget(self, count: int) -> None:
        for held in self._held[:count]:
            self._size -= held.size
            self._numbers.pop(held.event.id, None)
            if held.position is not None:
                source, place = held.position.source, held.position.place
                self.floor[source] = max(place, self.floor.get(source, ORIGIN))
        del self._held[:count]
        self.first += count
