"""The readers of live events in one process: they share what is read, and each has a place in it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

from shared.clock import Clock, system_clock
from shared.errors import UnavailableError
from shared.events.channel import OpenRedis
from shared.events.happening import Happening as Told
from shared.live.derived import Derived, Figures, Health
from shared.live.event import LiveEvent
from shared.live.position import Source as SourceName
from shared.live.ring import MOST_BYTES
from shared.live.room import Room
from shared.live.source import Source
from shared.live.streams import Streams
from shared.live.table import Table
from shared.live.translate import Happening, derived
from shared.live.watch import TooSlowError, Watch
from shared.live.wishes import Wishes
from shared.store import Store

__all__ = ["Hub", "RedisLines", "TooSlowError", "Watch"]

logger = logging.getLogger("spooled.live")
_RENEW_SECONDS = 10.0
_LINGER_SECONDS = 60.0
"""How long events are read on for a reader who may come back."""
_HELD_SECONDS = 120.0
_UNHEARD_SECONDS = 60.0
"""How often credentials are looked at again while nobody says whether one was changed."""
_BEGIN_AGAIN_SECONDS = 1.0
_MOST_BYTES_OF_ALL = 128_000_000
_LEAST_BYTES_OF_ONE = 1_000_000
_KEPT_WITHOUT_REDIS = timedelta(minutes=5)
_KEPT_AFTER_REDIS = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class RedisLines:
    """Two ways to Redis: to ask, with little patience, and to wait for what comes, without an end.

    patience_seconds: how late an answer may be to one who waits.
    """

    asking: OpenRedis
    waiting: OpenRedis
    patience_seconds: float = 2.0


class Hub:
    """One per long-lived process. Reads each event once, for all readers of its organization.

    figures, health: see `Derived`.
    redis: None for a service that runs without; then events come through the database.
    """

    def __init__(
        self,
        store: Store,
        figures: Figures,
        health: Health,
        *,
        redis: RedisLines | None = None,
        clock: Clock = system_clock,
    ) -> None:
        self._clock = clock
        self._rooms: dict[int, Room] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self._hurry = asyncio.Event()
        self._unheard_since = monotonic()
        self._derived = Derived(figures, health, self._rooms)
        kept_for = _KEPT_AFTER_REDIS if redis else _KEPT_WITHOUT_REDIS
        self._table = Table(store, kept_for, self._rooms, self._add, self._tell_of_loss, clock)
        self._streams = (
            None
            if redis is None
            else Streams(
                redis.asking,
                redis.waiting,
                self._rooms,
                self._add,
                self._tell_of_loss,
                self._hurry.set,
                redis.patience_seconds,
            )
        )

    @asynccontextmanager
    async def watching(self, org_id: int) -> AsyncIterator[Watch]:
        """Watch an organization: every change that begins after this has yielded is told.

        Raises UnavailableError when the database cannot be reached, or the hub was closed.
        """
        if self._is_closed:
            raise UnavailableError("The service is shutting down; connect again.")
        self._begin()
        room = self._rooms.get(org_id)
        if room is None:
            room = self._rooms[org_id] = Room(org_id, Wishes(self._derived.wishes_changed))
        room.readers += 1
        try:
            async with room.entering:
                if not room.is_watched:
                    await self._enter(room)
            watch = Watch(room, self._source_of, self._events_lost, lambda: self._is_closed)
            try:
                yield watch
            finally:
                room.wishes.forget(watch)
        finally:
            room.readers -= 1
            room.left_at = monotonic()

    def credentials_changed(self, org_id: int | None) -> None:
        """A key of the organization, or what it may do, was changed: its readers prove themselves again.

        None: of any.
        """
        for room in [room for room in self._rooms.values() if org_id in {None, room.org_id}]:
            room.credentials_changed += 1
            room.ring.wake()

    def happened_here(self, happening: Told) -> None:
        """This process committed something: what the database holds for readers is read at once."""
        if happening.is_kept and happening.org_id in self._rooms:
            self._table.hurry.set()

    async def close(self) -> None:
        """End every `follow`, and all work in the background."""
        self._is_closed = True
        for room in self._rooms.values():
            room.ring.wake()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._streams:
            await self._streams.close()

    async def _enter(self, room: Room) -> None:
        if self._streams:
            await self._streams.enter(room)
        await self._keep_watch([room])
        if self._streams and self._streams.is_away:
            # It may have gone away while the row was written.
            self._hurry.set()

    async def _keep_watch(self, rooms: Sequence[Room]) -> None:
        keep = self._streams is None or self._streams.is_away
        for room in await self._table.keep_watch(rooms, keep=keep):
            if self._streams:
                await self._streams.forget(room)

    def _begin(self) -> None:
        """With the first reader, so that a process without one does nothing."""
        if self._tasks:
            return
        works = [self._renew, self._table.run, self._derived.tell_figures, self._derived.tell_health]
        if self._streams:
            works.append(self._streams.run)
        for work in works:
            task = asyncio.get_running_loop().create_task(_for_ever(work))
            self._tasks.add(task)

    async def _renew(self) -> None:
        """Say that organizations are watched as long as they are, and let go of what nobody needs."""
        while True:
            self._hurry.clear()
            self._leave_rooms()
            rooms = [room for room in self._rooms.values() if room.readers and room.watched_until]
            try:
                if rooms:
                    await self._keep_watch(rooms)
            except UnavailableError as error:
                logger.warning("it is not known that somebody watches: %s", error)
            self._doubt_credentials()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), _RENEW_SECONDS)

    def _leave_rooms(self) -> None:
        now = monotonic()
        for room in list(self._rooms.values()):
            room.ring.forget_before(now - _HELD_SECONDS)
            if not room.readers and room.left_at < now - _LINGER_SECONDS:
                del self._rooms[room.org_id]
        share = _MOST_BYTES_OF_ALL // max(1, len(self._rooms))
        for room in self._rooms.values():
            room.ring.most_bytes = min(MOST_BYTES, max(_LEAST_BYTES_OF_ONE, share))

    def _doubt_credentials(self) -> None:
        """Without Redis no process hears what others did to keys."""
        if self._streams and not self._streams.is_away:
            self._unheard_since = monotonic()
        elif monotonic() - self._unheard_since > _UNHEARD_SECONDS:
            self._unheard_since = monotonic()
            self.credentials_changed(None)

    def _source_of(self, name: SourceName) -> Source | None:
        if name == "table":
            return self._table
        return None if self._streams is None or self._streams.is_away else self._streams

    def _add(self, room: Room, happenings: Sequence[Happening]) -> None:
        room.ring.add(happenings)
        for happening in happenings:
            room.wishes.note(happening.events)

    def _tell_of_loss(self, room: Room) -> None:
        room.ring.add_derived([self._events_lost()])

    def _events_lost(self, after: str | None = None) -> LiveEvent:
        message = "Events may be missing here: look at the present state, then go on from here."
        return derived("EventsLost", {"after": after, "message": message, "timestamp": self._clock()})


async def _for_ever(work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except Exception:
            logger.exception("a part of live events failed, and begins again")
        await asyncio.sleep(_BEGIN_AGAIN_SECONDS)
