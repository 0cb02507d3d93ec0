"""Fairness between organizations: of each only so many requests are under way while others are active.

Who is alone may have as many as a process does well with. Who comes while all places of its organization
are taken stands in line, first come first served, behind its own and never behind another's. A line takes a
burst; where it stays, nobody stands in it for long: who would is refused early, and told when to come again.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from contextvars import ContextVar
from time import monotonic
from typing import Self

from shared import ids
from shared.errors import UnavailableError

logger = logging.getLogger("spooled.fair")
_QUIET_SECONDS = 1.0
"""So long after its last request another organization still counts as active."""
_MOST_IN_LINE = 2_000
"""In all lines of a process."""
_MOST_UNDER_WAY = 128
"""Two shared statements are on their way with 64 requests each; more would wait elsewhere, out of order."""
BURST_SECONDS = 5.0
"""So long anybody may stand in a line that was empty since: it takes a burst."""
STEADY_SECONDS = 0.5
"""So long at most in one that was not: all it would do is serve everybody late."""
STUCK_SECONDS = 1.0
"""So long at most in one from which nobody was served meanwhile."""
_SWEEP_SECONDS = 0.1
_FEWEST_UNDER_WAY, _FIRST_UNDER_WAY, _MORE_UNDER_WAY = 8, 32, 8
_LATE_SECONDS, _PROMPT_SECONDS = 0.1, 0.03
"""By which the event loop runs late: who begins has its body read at once, and all others wait for that."""
Leave = Callable[[], None]


class CrowdedError(UnavailableError):
    """Too many requests of this organization wait at the moment; try again shortly."""


class _Lane:
    """Of one organization: how many are under way, and who stands in line."""

    __slots__ = ("moved_at", "org_id", "refused_at", "since", "taken", "waiting")

    def __init__(self, org_id: int) -> None:
        self.org_id = org_id
        self.taken = 0
        self.waiting: OrderedDict[asyncio.Future[Place], float] = OrderedDict()
        """Who came when, the first to come first."""
        self.since = self.moved_at = 0.0
        """When the line began, if there is one, and when it moved last as somebody had been served."""
        self.refused_at = float("-inf")
        """When somebody had stood in it for too long."""

    def patience(self, now: float) -> float:
        """How long anybody may stand in the line."""
        if now - self.since >= BURST_SECONDS or now - self.refused_at < BURST_SECONDS:
            return STEADY_SECONDS
        return BURST_SECONDS if now - self.moved_at < STUCK_SECONDS else STUCK_SECONDS


class Place:
    """One request that is under way; it gives its place up at the end of its block."""

    __slots__ = ("_fair", "_lane")

    def __init__(self, fair: "Fair", lane: _Lane) -> None:
        self._fair = fair
        self._lane: _Lane | None = lane

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.give_up(served=kind is None or not issubclass(kind, UnavailableError))

    def give_up(self, *, served: bool = True) -> None:
        """It is over, or waits for something itself; to do it again changes nothing."""
        lane, self._lane = self._lane, None
        if lane is not None:
            self._fair.free(lane, served=served)


_HERE: ContextVar[Place | None] = ContextVar("place", default=None)


class Fair:
    """The places and lines of one process.

    places: of each organization, while others are active.
    most_under_way: of all of them, fewer under strain; each has one place at least.
    clock: seconds that never go back.
    is_strained: whether what is under way stands in line elsewhere.
    """

    def __init__(
        self,
        *,
        places: int = 6,
        most_under_way: int = _MOST_UNDER_WAY,
        most_in_line: int = _MOST_IN_LINE,
        clock: Callable[[], float] = monotonic,
        is_strained: Callable[[], bool] = lambda: False,
    ) -> None:
        self._is_strained = is_strained
        self._places = places
        self._most_under_way = most_under_way
        self._allowed_under_way = min(_FIRST_UNDER_WAY, most_under_way)
        self._most_in_line = most_in_line
        self._clock = clock
        self._lanes: dict[int, _Lane] = {}
        self._in_line = 0
        self._sweeping: asyncio.TimerHandle | None = None
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
        Raises CrowdedError for one that has stood in line for too long, for the newest of the longest line
        when all lines together are too long, and for one whose client has gone, which nobody is told.
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
        if not lane.waiting and lane.taken < self._allowed(now):
            place = self._grant(lane)
        else:
            place = await self._stand(lane, now, call_when_gone)
        _HERE.set(place)
        return place

    @staticmethod
    def step_aside() -> None:
        """The request of this context waits for something: from here on it takes no place."""
        place = _HERE.get()
        if place is not None:
            place.give_up()

    def free(self, lane: _Lane, *, served: bool) -> None:
        """A place of the lane is free: the next in line has it."""
        lane.taken -= 1
        if lane.waiting:
            if served:
                lane.moved_at = self._clock()
            allowed = self._allowed(self._clock())
            while lane.waiting and lane.taken < allowed:
                turn, _ = lane.waiting.popitem(last=False)
                self._in_line -= 1
                if not turn.done():  # cancelled
                    turn.set_result(self._grant(lane))
        if not lane.taken and not lane.waiting:
            self._lanes.pop(lane.org_id, None)

    def close(self) -> None:
        """Refuse all who wait: nothing follows."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        for lane in [*self._lanes.values()]:
            while lane.waiting:
                self._refuse_newest(lane)

    def _allowed(self, now: float) -> int:
        """The places of each organization."""
        if len(self._lanes) == 1 and now >= self._shared_until:
            return self._allowed_under_way
        return max(1, min(self._places, self._allowed_under_way // len(self._lanes)))

    def _grant(self, lane: _Lane) -> Place:
        lane.taken += 1
        return Place(self, lane)

    async def _stand(
        self, lane: _Lane, now: float, call_when_gone: Callable[[Leave], object] | None
    ) -> Place:
        if self._in_line >= self._most_in_line:
            self._make_room(lane)
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[Place] = loop.create_future()
        if not lane.waiting:
            lane.since = lane.moved_at = now
        lane.waiting[turn] = now
        self._in_line += 1
        if self._sweeping is None:
            self._sweeping = loop.call_later(_SWEEP_SECONDS, self._sweep)
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

    def _sweep(self) -> None:
        """Refuse who has stood in line for too long, and look again while anybody does."""
        if self._sweeping is not None:
            self._adapt(asyncio.get_running_loop().time() - self._sweeping.when())
        self._sweeping, now = None, self._clock()
        for lane in [*self._lanes.values()]:
            latest = now - lane.patience(now)
            late = [turn for turn, came_at in lane.waiting.items() if came_at <= latest]
            for turn in late:
                self._leave(lane, turn, CrowdedError())
            if late and now - lane.refused_at >= BURST_SECONDS:
                logger.warning(
                    "requests of %s are refused: they come faster than they can be served",
                    ids.encode("org", lane.org_id),
                )
            if late:
                lane.refused_at = now
        if self._in_line:
            self._sweeping = asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._sweep)

    def _adapt(self, late_by: float) -> None:
        """As many are under way as let the event loop be on time, and find a connection to the database."""
        if late_by > _LATE_SECONDS or self._is_strained():
            fewer = max(_FEWEST_UNDER_WAY, self._allowed_under_way // 2)
            self._allowed_under_way = min(fewer, self._most_under_way)
        elif late_by < _PROMPT_SECONDS:
            self._allowed_under_way = min(self._allowed_under_way + _MORE_UNDER_WAY, self._most_under_way)

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
