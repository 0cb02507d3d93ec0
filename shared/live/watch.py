"""The place of one reader among the events of its organization, and its way back to it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import suppress

from shared.errors import SpooledError
from shared.live.event import LiveEvent
from shared.live.position import Position
from shared.live.position import Source as SourceName
from shared.live.room import Room
from shared.live.source import Source

LARGEST_BATCH = 250
_PAGE = 500


class TooSlowError(SpooledError):
    """Events come faster than this connection reads them; read faster, or ask for fewer of them."""

    status = 429
    grpc_status = "RESOURCE_EXHAUSTED"
    code = "TOO_SLOW"


class Watch:
    """The place of one reader among the events of its organization.

    position: the id that stands for where it begins.
    """

    def __init__(
        self,
        room: Room,
        source_of: Callable[[SourceName], Source | None],
        events_lost: Callable[[str], LiveEvent],
        is_closed: Callable[[], bool],
    ) -> None:
        self._room = room
        self._ring = room.ring
        self._source_of = source_of
        self._events_lost = events_lost
        self._is_closed = is_closed
        self._next = room.ring.end
        self._changes = room.credentials_changed
        self._ahead: Position | None = None
        name: SourceName = "stream" if "stream" in room.ring.read_to else "table"
        place = room.ring.read_to[name]
        self.position = str(Position(name, place))
        # Who saw this has seen all, unless something may be missing or came by another way since.
        self._begins_at_the_end = room.ring.gap.get(name) != place and room.ring.newest in {None, name}

    @property
    def credentials_changed(self) -> int:
        """How often a key of the organization, or what it may do, was changed since the hub opened.

        `follow` gives a batch then, which may be empty; who is to prove itself again compares this figure.
        """
        return self._room.credentials_changed

    @property
    def is_stale(self) -> bool:
        """Whether this reader fell out of what is held: its next step raises TooSlowError.

        For those who look after readers that are held up in sending.
        """
        return self._next < self._ring.first

    def want_figures(self, queues: Iterable[str] | None) -> None:
        """Ask for QueueStats of these queues, None for every queue that changes; in place of the last wish.

        Named queues are told of at once, then at most once a second when they changed. The events reach all
        readers of the organization: who asked for none passes over them.
        """
        self._room.wishes.want(self, queues)

    async def follow(
        self, after: str | None = None, patience_seconds: float | None = None
    ) -> AsyncGenerator[Sequence[LiveEvent], None]:
        """Batches of events, in order, from behind the id `after`; without it from where it is.

        With `patience_seconds` it ends so long after all was given that there was; with 0 it gives just that.
        An event EventsLost comes first when `after` is no id that is held still. A batch may be empty (see
        `credentials_changed`). Ends when the hub is closed. Raises TooSlowError, and UnavailableError when
        what was missed cannot be looked up at the moment.
        """
        end: float | None = None
        if after is not None and not (after == self.position and self._begins_at_the_end):
            async for missed in self._come_back(after):
                yield missed
        while not self._is_closed():
            batch = self._step()
            if batch or self._changes != self.credentials_changed:
                self._changes = self.credentials_changed
                yield batch
            elif self._next == self._ring.end:
                now = asyncio.get_running_loop().time()
                end = now + patience_seconds if end is None and patience_seconds is not None else end
                if end is not None and now >= end:
                    return
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(end):
                        await self._ring.moved()

    def _step(self) -> Sequence[LiveEvent]:
        if self.is_stale:
            raise TooSlowError
        held = self._ring.held(self._next, LARGEST_BATCH)
        self._next += len(held)
        ahead = self._ahead
        if ahead is None:
            return [one.event for one in held]
        if self._ring.read_to[ahead.source] >= ahead.place and self._next == self._ring.end:
            self._ahead = None
        return [one.event for one in held if not _is_up_to(one.position, ahead)]

    async def _come_back(self, after: str) -> AsyncIterator[Sequence[LiveEvent]]:
        number = self._ring.number_behind_id(after)
        if number is not None:
            self._next = number
            return
        position = Position.read(after)
        source = None if position is None else self._source_of(position.source)
        if position is None or source is None or position.source not in self._ring.read_to:
            yield [self._events_lost(after)]
            return
        if self._room.is_mixed:
            # The order of what came by two ways is known to the process that read it, and to nobody else.
            yield [self._events_lost(after)]
        async for missed in self._replay(position, source):
            yield missed

    async def _replay(self, back: Position, source: Source) -> AsyncIterator[Sequence[LiveEvent]]:
        """What lies between a position and what the ring holds; then go on in the ring from there."""
        ring, name = self._ring, back.source
        place, part = back.place, back.part
        is_known = place == ring.floor[name] and not part and place != ring.gap.get(name)
        while not is_known or place < ring.floor[name]:
            # It is not slow as long as it takes page after page.
            self._next = ring.end
            until = max(place, ring.read_to[name])
            page = await source.read(self._room.org_id, place, until, _PAGE)
            if page.anchor is None:
                yield [self._events_lost(str(Position(name, place, part)))]
                if place == until:
                    return
            elif part:
                yield page.anchor.events[part:]
            events = [event for happening in page.happenings for event in happening.events]
            if events:
                yield events
            full = len(page.happenings) == _PAGE
            place, part, is_known = page.happenings[-1].position.place if full else until, 0, True
        self._next = ring.number_behind(name, place)
        if place > ring.read_to[name]:
            self._ahead = Position(name, place)


def _is_up_to(position: Position | None, end: Position) -> bool:
    return position is not None and position.source == end.source and position.place <= end.place
