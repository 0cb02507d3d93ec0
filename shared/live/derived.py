"""Events that are not told but worked out: figures of queues that changed, the health of the service."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic
from typing import Any

from shared.errors import UnavailableError
from shared.live.room import Room
from shared.live.translate import derived

logger = logging.getLogger("spooled.live")
_HEALTH_SECONDS = 10.0
_FIGURES_SECONDS = 1.0
_SHARE = 10
"""Of the time at most one part in so many goes into counting, however long that takes."""
_MOST_QUEUES = 200

Figures = Callable[[Sequence[tuple[int, str]]], Awaitable[Sequence[dict[str, Any]]]]
Health = Callable[[], Awaitable[dict[str, Any]]]


class Derived:
    """What is worked out for the rooms.

    figures: the data of QueueStats of queues, each with its organization, in their order.
    health: the data of SystemHealth.
    """

    def __init__(self, figures: Figures, health: Health, rooms: Mapping[int, Room]) -> None:
        self._figures = figures
        self._health = health
        self._rooms = rooms
        self.wishes_changed = asyncio.Event()

    async def tell_figures(self) -> None:
        """Tell of queues that changed and that somebody wants to know of, for ever."""
        while True:
            await self.wishes_changed.wait()
            self.wishes_changed.clear()
            start = monotonic()
            try:
                await self._tell_figures()
            except UnavailableError as error:
                logger.warning("queues are not counted: %s", error)
            await asyncio.sleep(max(_FIGURES_SECONDS, _SHARE * (monotonic() - start)))

    async def tell_health(self) -> None:
        """Tell how the service is, for ever."""
        while True:
            if any(room.readers for room in self._rooms.values()):
                event = derived("SystemHealth", await self._health())
                for room in self._rooms.values():
                    room.ring.add_derived([event])
            await asyncio.sleep(_HEALTH_SECONDS)

    async def _tell_figures(self) -> None:
        wanted: list[tuple[int, str]] = []
        for org_id, room in self._rooms.items():
            wanted += [(org_id, queue) for queue in room.wishes.take(_MOST_QUEUES - len(wanted))]
        if not wanted:
            return
        if len(wanted) == _MOST_QUEUES:
            self.wishes_changed.set()
        for (org_id, queue), figures in zip(wanted, await self._figures(wanted), strict=True):
            if org_id in self._rooms:
                event = derived("QueueStats", figures, queue=queue, right="queues:read")
                self._rooms[org_id].ring.add_derived([event])
