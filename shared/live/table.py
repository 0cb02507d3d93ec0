"""Who watches, as the database knows it, and the events that it keeps for those without Redis."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, timedelta
from time import monotonic

import orjson

from shared.clock import Clock
from shared.errors import UnavailableError
from shared.live.position import Place, Position
from shared.live.room import Room
from shared.live.source import Page
from shared.live.translate import Happening, happening
from shared.store import SYSTEM, Row, Store, load_queries

QUERIES = load_queries(__file__)
logger = logging.getLogger("spooled.live")
MOST_ROWS = 1_000
_WATCHED_FOR = timedelta(minutes=5)
_POLL_SECONDS = 1.0
_GATHER_SECONDS = 0.05
"""Between two looks, however much happens."""


class Table:
    """The rows of the rooms in the database.

    kept_for: how long events are kept after Redis was missed last.
    added, lost: called with what came for a room, and when something may be missing.
    """

    def __init__(
        self,
        store: Store,
        kept_for: timedelta,
        rooms: Mapping[int, Room],
        added: Callable[[Room, Sequence[Happening]], None],
        lost: Callable[[Room], None],
        clock: Clock,
    ) -> None:
        self._store = store
        self._clock = clock
        self._kept_for = kept_for
        self._rooms = rooms
        self._added = added
        self._lost = lost
        self._kept_anywhere = asyncio.Event()
        self.hurry = asyncio.Event()
        """Set when it is known that there is something to read."""

    async def keep_watch(self, rooms: Sequence[Room], *, keep: bool) -> list[Room]:
        """Make sure that what happens in these rooms is told, and with `keep` that the database holds it.

        Gives the rooms that nobody watched until now. Raises UnavailableError.
        """
        asked_at = monotonic()
        rows = await self._store.fetch(
            SYSTEM,
            QUERIES["keep_watch"],
            org_ids=[room.org_id for room in rooms],
            keep=keep,
            now=self._clock(),
            watched_for=_WATCHED_FOR,
            kept_for=self._kept_for,
        )
        found = {row["org_id"]: row for row in rows}
        known = [(room, found[room.org_id]) for room in rooms if room.org_id in found]
        for room, row in known:
            if room.watched_until and (row["lapsed"] or room.watched_until < asked_at):
                self._lost(room)
            room.watched_until = asked_at + row["watched_seconds"]
            self._note_keeping(room, row, asked_at)
        return [room for room, row in known if row["lapsed"]]

    async def read(self, org_id: int, after: Place, until: Place, limit: int) -> Page:
        rows = await self._store.fetch(
            SYSTEM,
            QUERIES["read_from"],
            org_id=org_id,
            xact=after.major,
            seq=after.minor,
            until_xact=until.major,
            until_seq=until.minor,
            limit=limit + 1,
        )
        found = [_happening(row) for row in rows]
        if found and found[0].position.place == after:
            return Page(found[0], found[1:])
        return Page(None, found[:limit])

    async def run(self) -> None:
        """Look for what is new, once a second where the database keeps events, for ever."""
        while True:
            await self._kept_anywhere.wait()
            self.hurry.clear()
            try:
                is_behind = await self.poll()
            except UnavailableError as error:
                is_behind = False
                logger.warning("events of the database are not read: %s", error)
            if not is_behind:
                await asyncio.sleep(_GATHER_SECONDS)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.hurry.wait(), _POLL_SECONDS)

    async def poll(self) -> bool:
        """Read what is new in all rooms at once; whether there is more."""
        rooms = {room.org_id: room for room in self._rooms.values() if room.is_kept}
        if not rooms:
            self._kept_anywhere.clear()
            return False
        places = [room.ring.read_to["table"] for room in rooms.values()]
        rows = await self._store.fetch(
            SYSTEM,
            QUERIES["read_new"],
            org_ids=list(rooms),
            xacts=[str(place.major) for place in places],
            seqs=[place.minor for place in places],
            limit=MOST_ROWS,
        )
        happenings: dict[int, list[Happening]] = {org_id: [] for org_id in rooms}
        for row in rows:
            if row["xact"] is not None:
                happenings[row["org_id"]].append(_happening(row))
        for org_id, found in happenings.items():
            self._added(rooms[org_id], found)
            if len(found) < MOST_ROWS:
                rooms[org_id].ring.read_to["table"] = Place(rows[0]["settled_before"], 0)
        return any(len(found) == MOST_ROWS for found in happenings.values())

    def _note_keeping(self, room: Room, row: Row, asked_at: float) -> None:
        settled = Place(row["settled_before"], 0)
        if "table" not in room.ring.read_to:
            room.ring.begin("table", settled)
        elif not (room.is_kept or row["was_kept"]):
            # Nothing was kept until now, and what is told by transactions that still run has a higher number.
            room.ring.read_to["table"] = settled
        if row["kept_seconds"] is not None:
            room.kept_until = asked_at + row["kept_seconds"]
        if room.is_kept:
            self._kept_anywhere.set()


def _happening(row: Row) -> Happening:
    return happening(
        Position("table", Place(row["xact"], row["seq"])),
        orjson.dumps(row["names"]),
        orjson.dumps(row["item"]),
        row["told_at"].astimezone(UTC).isoformat().replace("+00:00", "Z"),
    )
