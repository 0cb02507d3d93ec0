"""Fairness between organizations: of each only so many requests are under way while others are active.

Nobody is held back who is alone. Otherwise who comes while all places of its organization are taken stands
in line, first come first served, behind its own and never behind another's.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from contextvars import ContextVar
from time import monotonic

from shared.errors import UnavailableError

_QUIET_SECONDS = 1.0
"""So long after its last request another organization still counts as active."""
_MOST_IN_LINE = 2_000
"""In all lines of a process."""
Leave = Callable[[], None]


class CrowdedError(UnavailableError):
    """Too many requests of this organization wait at the moment; try again shortly."""


class _Lane:
    """Of one organization: how many are under way, and who stands in line."""

    __slots__ = ("org_id", "taken", "waiting")

    def __init__(self, org_id: int) -> None:
        self.org_id = org_id
        self.taken = 0
        self.waiting: OrderedDict[asyncio.Future[Place], None] = OrderedDict()


class Place:
    """One request that is under way."""

    __slots__ = ("_fair", "_lane")

    def __init__(self, fair: "Fair", lane: _Lane) -> None:
        self._fair = fair
        self._lane: _Lane | None = lane

    def give_up(self) -> None:
        """It is over, or waits for something itself; to do it again changes nothing."""
        lane, self._lane = self._lane, None
        if lane is not None:
            self._fair.free(lane)


_HERE: ContextVar[Place | None] = ContextVar("place", default=None)


class Fair:
    """The places and lines of one process.

    places: of each organization, while others are active.
    clock: seconds that never go back.
    """

    def __init__(
        self, *, places: int = 6, most_in_line: int = _MOST_IN_LINE, clock: Callable[[], float] = monotonic
    ) -> None:
        self._places = places
        self._most_in_line = most_in_line
        self._clock = clock
        self._lanes: dict[int, _Lane] = {}
        self._in_line = 0
        self._latest: int | None = None
        self._latest_at = self._shared_until = float("-inf")

    @property
    def under_way(self) -> int:
        """How many places are taken, of all organizations."""
        return sum(lane.taken for lane in self._lanes.values())

    @property
    def in_line(self) -> int:
        """How many wait."""
        return self._in_line

    async def take(self, org_id: int, call_when_gone: Callable[[Leave], object] | None = None) -> Place:
        """A place of the organization, to be given up; what runs in this context can step aside from it.

        call_when_gone: is handed, by one who has to wait, what to call when its client goes.
        Raises CrowdedError for the newest of the longest line when all lines together are too long, and for
        one whose client has gone, which nobody is told.
        """
        now = self._clock()
        if org_id != self._latest:
            if now - self._latest_at < _QUIET_SECONDS:
                self._shared_until = now + _QUIET_SECONDS
            self._latest = org_id
        self._latest_at = now
        lane = self._lanes.get(org_id)
        if lane is None:
            lane = self._lanes[org_id] = _Lane(org_id)
        if not lane.waiting and (lane.taken < self._places or self._is_alone(now)):
            place = self._grant(lane)
        else:
            place = await self._stand(lane, call_when_gone)
        _HERE.set(place)
        return place

    @staticmethod
    def step_aside() -> None:
        """The request of this context waits for something: from here on it takes no place."""
        place = _HERE.get()
        if place is not None:
            place.give_up()

    def free(self, lane: _Lane) -> None:
        """A place of the lane is free: the next in line has it."""
        lane.taken -= 1
        if lane.waiting:
            is_alone = self._is_alone(self._clock())
            while lane.waiting and (lane.taken < self._places or is_alone):
                turn, _ = lane.waiting.popitem(last=False)
                self._in_line -= 1
                if not turn.done():  # cancelled
                    turn.set_result(self._grant(lane))
        if not lane.taken and not lane.waiting:
            self._lanes.pop(lane.org_id, None)

    def close(self) -> None:
        """Refuse all who wait: nothing follows."""
        for lane in [*self._lanes.values()]:
            while lane.waiting:
                self._refuse_newest(lane)

    def _is_alone(self, now: float) -> bool:
        return len(self._lanes) == 1 and now >= self._shared_until

    def _grant(self, lane: _Lane) -> Place:
        lane.taken += 1
        return Place(self, lane)

    async def _stand(self, lane: _Lane, call_when_gone: Callable[[Leave], object] | None) -> Place:
        if self._in_line >= self._most_in_line:
            self._make_room(lane)
        turn: asyncio.Future[Place] = asyncio.get_running_loop().create_future()
        lane.waiting[turn] = None
        self._in_line += 1
        if call_when_gone is not None:
            call_when_gone(lambda: self._leave(lane, turn, CrowdedError()))
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._leave(lane, turn)
            elif turn.exception() is None:
                turn.result().give_up()
            raise

    def _make_room(self, lane: _Lane) -> None:
        """The newest of the longest line goes, so that who floods does not have others refused."""
        longest = max(self._lanes.values(), key=lambda other: len(other.waiting))
        if len(longest.waiting) <= len(lane.waiting):
            raise CrowdedError
        self._refuse_newest(longest)

    def _refuse_newest(self, lane: _Lane) -> None:
        self._leave(lane, next(reversed(lane.waiting)), CrowdedError())

    def _leave(self, lane: _Lane, turn: "asyncio.Future[Place]", error: Exception | None = None) -> None:
        if turn in lane.waiting:
            del lane.waiting[turn]
            self._in_line -= 1
            if error is not None and not turn.done():
                turn.set_exception(error)
