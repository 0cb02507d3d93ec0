"""Events through Redis: one connection that waits for those of all organizations watched here."""

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from shared.errors import UnavailableError
from shared.events.channel import EVENTS, OpenRedis, is_away, reason, stream_of
from shared.live.position import ORIGIN, Place, Position
from shared.live.room import Room
from shared.live.source import Page
from shared.live.translate import Happening, happening

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger = logging.getLogger("spooled.live")
MOST_ENTRIES = 500
_BLOCK_SECONDS = 5.0
_RECONNECT_SECONDS = 1.0
_GATHER_SECONDS = 0.01
"""After something came: a moment in which more may come, so that readers are not woken for each event."""
_POKE_LIFETIME_SECONDS = 60
_BEGUN_LIFETIME_SECONDS = 3_600

Entry = tuple[bytes, dict[bytes, bytes]]


class Stand(NamedTuple):
    """A stream: its last place, and whether the entry that was asked for is held."""

    last: Place
    is_held: bool


class Streams:
    """The streams of the rooms.

    open_redis: a client with a short patience, to look things up with.
    open_listener: one without a timeout, which does not connect again by itself.
    added, lost: called with what came for a room, and when something may be missing.
    away_changed: called when Redis went away and when it came back.
    patience_seconds: how late an answer may be before Redis counts as away.
    """

    def __init__(
        self,
        open_redis: OpenRedis,
        open_listener: OpenRedis,
        rooms: Mapping[int, Room],
        added: Callable[[Room, Sequence[Happening]], None],
        lost: Callable[[Room], None],
        away_changed: Callable[[], None],
        patience_seconds: float,
    ) -> None:
        self._open_redis = open_redis
        self._open_listener = open_listener
        self._rooms = rooms
        self._added = added
        self._lost = lost
        self._away_changed = away_changed
        self._patience_seconds = patience_seconds
        self._redis: Redis | None = None
        self._poke = f"{EVENTS}poke:{uuid.uuid4().hex}"
        self._poked_to = ORIGIN
        self.is_away = False

    async def enter(self, room: Room) -> None:
        """Begin with what comes from now on, unless it was begun; not while Redis is away.

        It begins behind an entry of its own that tells nothing: nobody who comes back can have its id but a
        reader who began here.
        """
        if self.is_away or "stream" in room.ring.read_to:
            return
        stream = stream_of(room.org_id)
        try:
            pipeline = self._client().pipeline(transaction=False)
            pipeline.xadd(stream, {"n": "[]", "d": "{}", "a": ""})
            pipeline.expire(stream, _BEGUN_LIFETIME_SECONDS)
            begun, _ = await pipeline.execute()
            room.ring.begin("stream", Place.of(begun.decode()))
            pipeline = self._client().pipeline(transaction=False)
            pipeline.xadd(self._poke, {"p": "1"}, maxlen=1, approximate=False)
            pipeline.expire(self._poke, _POKE_LIFETIME_SECONDS)
            await pipeline.execute()
        except Exception as error:
            if not is_away(error):
                raise
            self._set_away(error)

    async def forget(self, room: Room) -> None:
        """Let go of what was told before a time when nobody watched: nobody can come back across it."""
        place = room.ring.read_to.get("stream")
        if place is None:
            return
        oldest = place
        if "stream" in room.ring.seen:
            room.ring.gap["stream"] = place
            oldest = Place(place.major, place.minor + 1)
        try:
            await self._client().xtrim(stream_of(room.org_id), minid=str(oldest), approximate=False)
        except Exception as error:
            if not is_away(error):
                raise
            self._set_away(error)

    async def read(self, org_id: int, after: Place, until: Place, limit: int) -> Page:
        try:
            entries: Any = await self._client().xrange(stream_of(org_id), str(after), str(until), limit + 1)
        except Exception as error:
            if not is_away(error):
                raise
            self._set_away(error)
            raise UnavailableError("Redis cannot be reached at the moment; try again shortly.") from error
        found = [_happening(entry) for entry in entries]
        if found and found[0].position.place == after:
            return Page(found[0], found[1:])
        return Page(None, found[:limit])

    async def run(self) -> None:
        """Follow the streams for ever, across all that may happen to Redis."""
        while True:
            redis = self._open_listener()
            try:
                async with asyncio.timeout(self._patience_seconds):
                    await self._come_back(redis)
                self._set_back()
                while True:
                    await self._step(redis)
            except Exception as error:
                if not is_away(error):
                    raise
                self._set_away(error)
            finally:
                await redis.aclose()
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def close(self) -> None:
        if self._redis is not None:
            await self._redis.aclose()

    async def _step(self, redis: "Redis") -> None:
        followed = {
            stream_of(room.org_id): room for room in self._rooms.values() if "stream" in room.ring.read_to
        }
        places = {key: str(room.ring.read_to["stream"]) for key, room in followed.items()}
        asked: dict[Any, Any] = {**places, self._poke: str(self._poked_to)}
        async with asyncio.timeout(_BLOCK_SECONDS + self._patience_seconds):
            answer: Any = await redis.xread(asked, count=MOST_ENTRIES, block=int(_BLOCK_SECONDS * 1000))
        self._set_back()
        for raw_key, entries in answer:
            key = raw_key.decode()
            if key == self._poke:
                self._poked_to = Place.of(entries[-1][0].decode())
                continue
            room = followed[key]
            # So far behind that the stream may have been cut meanwhile.
            is_behind = len(entries) == MOST_ENTRIES and "stream" in room.ring.seen
            if is_behind and not await redis.xrange(key, places[key], places[key], 1):
                self._lost(room)
            self._added(room, [_happening(entry) for entry in entries])
        if any(raw_key.decode() != self._poke for raw_key, _ in answer):
            await asyncio.sleep(_GATHER_SECONDS)

    async def _come_back(self, redis: "Redis") -> None:
        """Begin where each room was; where that is gone with the server's memory, say so."""
        rooms = list(self._rooms.values())
        known = [room.ring.read_to.get("stream") for room in rooms]
        stands = await _stands(redis, [room.org_id for room in rooms], known)
        for room, place, stand in zip(rooms, known, stands, strict=True):
            if place is None:
                # One that is being entered begins by itself.
                if room.is_watched and "stream" not in room.ring.read_to:
                    room.ring.begin("stream", stand.last)
            elif stand.last < place:
                # A server that starts empty, perhaps with a clock that is behind.
                room.ring.read_to["stream"] = ORIGIN
                self._lost(room)
            elif not stand.is_held and "stream" in room.ring.seen:
                self._lost(room)

    def _set_away(self, error: BaseException) -> None:
        if not self.is_away:
            logger.warning("events go through the database: %s", reason(error))
            self.is_away = True
            self._away_changed()

    def _set_back(self) -> None:
        if self.is_away:
            logger.info("events go through Redis again")
            self.is_away = False
            self._away_changed()

    def _client(self) -> "Redis":
        if self._redis is None:
            self._redis = self._open_redis()
        return self._redis


async def _stands(redis: "Redis", org_ids: Sequence[int], places: Sequence[Place | None]) -> list[Stand]:
    pipeline = redis.pipeline(transaction=False)
    for org_id, place in zip(org_ids, places, strict=True):
        pipeline.xinfo_stream(stream_of(org_id))
        pipeline.xrange(stream_of(org_id), str(place or ORIGIN), str(place or ORIGIN), 1)
    answers = await pipeline.execute(raise_on_error=False)
    return [
        Stand(_last_place(info), bool(held)) for info, held in zip(answers[::2], answers[1::2], strict=True)
    ]


def _last_place(info: Any) -> Place:
    if isinstance(info, Exception):
        if "no such key" in str(info):
            return ORIGIN
        raise info
    return Place.of(info["last-generated-id"].decode())


def _happening(entry: Entry) -> Happening:
    entry_id, fields = entry
    position = Position("stream", Place.of(entry_id.decode()))
    return happening(
        position, fields.get(b"n", b""), fields.get(b"d", b""), fields.get(b"a", b"").decode(errors="replace")
    )
