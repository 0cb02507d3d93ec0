"""Fairness between organizations: of each only so much is under way while others are active.

A request takes places by its size. Who is alone may take as many as a process does well with. Who comes while
those of its organization are taken stands in line, first come first served, behind its own and never behind
another's. A line takes a burst; where it stays, nobody stands in it for long: who would is refused at once,
and told when to come again.
"""

import asyncio
import logging
from collections.abc import Callable
from contextvars import ContextVar
from time import monotonic
from typing import Self

from shared import ids
from shared.errors import UnavailableError
from shared.limits.lane import BURST_SECONDS, Lane

logger = logging.getLogger("spooled.fair")
_QUIET_SECONDS = 1.0
"""So long after its last request another organization still counts as active."""
_MOST_IN_LINE = 2_000
"""In all lines of a process."""
_MOST_UNDER_WAY = 128
"""Two shared statements are on their way with 64 requests each; more would wait elsewhere, out of order."""
_BYTES_OF_A_PLACE = 2_048
"""So much more of a body is as much to do as one more request: a batch has its places by its length."""
_SWEEP_SECONDS = 0.1
_FEWEST_UNDER_WAY, _FIRST_UNDER_WAY, _MORE_UNDER_WAY = 8, 32, 8
_LATE_SECONDS, _PROMPT_SECONDS = 0.1, 0.03
"""By which the event loop runs late: who begins has its body read at once, and all others wait for that."""
Leave = Callable[[], None]


class CrowdedError(UnavailableError):
    """Too many requests of this organization wait at the moment; try again shortly."""


class Place:
    """One request that is under way; it gives its place up at the end of its block."""

    __slots__ = ("_cost", "_fair", "_lane", "_taken")

    def __init__(self, fair: "Fair", lane: Lane, cost: int, taken: int) -> None:
        self._cost = cost
        self._taken = taken
        self._fair = fair
        self._lane: Lane | None = lane

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.give_up(served=kind is None or not issubclass(kind, UnavailableError))

    @property
    def is_scarce(self) -> bool:
        """Whether its organization has taken more than half of what it has beside others."""
        return self._lane is not None and self._fair.is_scarce(self._lane)

    def give_up(self, *, served: bool = True) -> None:
        """It is over, or waits for something itself; to do it again changes nothing."""
        lane, self._lane = self._lane, None
        if lane is not None:
            self._fair.free(lane, self._cost, self._taken, served=served)


def places_of(size: int) -> int:
    """How many places a request takes whose body has so many bytes."""
    return 1 + size // _BYTES_OF_A_PLACE


_HERE: ContextVar[Place | None] = ContextVar("place", default=None)


class Fair:
    """The places and lines of one process.

    places: of each organization, while others are active.
    most_under_way: of all of them, under strain as few as `fewest_under_way`; each has one place at least.
    clock: seconds that never go back.
    is_strained: whether what is under way stands in line elsewhere.
    """

    def __init__(
        self,
        *,
        places: int = 6,
        most_under_way: int = _MOST_UNDER_WAY,
        fewest_under_way: int = _FEWEST_UNDER_WAY,
        most_in_line: int = _MOST_IN_LINE,
        clock: Callable[[], float] = monotonic,
        is_strained: Callable[[], bool] = lambda: False,
    ) -> None:
        self._is_strained = is_strained
        self._places = places
        self._most_under_way = most_under_way
        self._fewest_under_way = min(fewest_under_way, most_under_way)
        self._allowed_under_way = min(max(_FIRST_UNDER_WAY, fewest_under_way), most_under_way)
        self._most_in_line = most_in_line
        self._clock = clock
        self._lanes: dict[int, Lane] = {}
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

    def require_room(self, org_id: int) -> None:
        """Before a body is read: raise CrowdedError for one that would stand in line for too long."""
        lane = self._lanes.get(org_id)
        if lane is not None and lane.waiting:
            self._require_hope(lane, self._clock())

    async def take(
        self, org_id: int, call_when_gone: Callable[[Leave], object] | None = None, *, cost: int = 1
    ) -> Place:
        """A place of the organization, to be given up; what runs in this context can step aside from it.

        call_when_gone: is handed, by one who has to wait, what to call when its client goes.
        cost: how many places it takes, as `places_of` says; the largest take half of what there is, and
        beside others all that their organization has.
        Raises CrowdedError for one that has stood in line for too long or would, for the newest of the
        longest line when all lines together are too long, and for one whose client has gone, which nobody
        is told.
        """
        now = self._clock()
        if org_id != self._latest:
            if now - self._latest_at < _QUIET_SECONDS:
                self._shared_until = now + _QUIET_SECONDS
            self._latest = org_id
        self._latest_at = now
        lane = self._lanes.get(org_id)
        if lane is None:
            lane = self._lanes[org_id] = Lane(org_id)
        if not lane.waiting and self._fits(lane, cost, now):
            place = self._grant(lane, cost, now)
        else:
            place = await self._stand(lane, now, call_when_gone, cost)
        _HERE.set(place)
        return place

    @staticmethod
    def step_aside() -> None:
        """The request of this context waits for something: from here on it takes no place."""
        place = _HERE.get()
        if place is not None:
            place.give_up()

    def free(self, lane: Lane, cost: int, taken: int, *, served: bool) -> None:
        """One of such a cost is over, and so many places of the lane are free: the next in line have them."""
        lane.taken -= taken
        lane.under_way_cost -= cost
        if lane.waiting:
            now = self._clock()
            if served:
                lane.moved_at = now
            self._serve(lane, now)
        if not lane.taken and not lane.waiting:
            self._lanes.pop(lane.org_id, None)

    def is_scarce(self, lane: Lane) -> bool:
        """Whether more than half of what it has beside others is taken."""
        return 2 * lane.taken > self._places

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

    def _fits(self, lane: Lane, cost: int, now: float) -> bool:
        """Whether there is room for so much more; who has nothing under way always has some."""
        allowed = self._allowed(now)
        return not lane.taken or lane.taken + self._capped(cost, allowed) <= allowed

    def _capped(self, cost: int, allowed: int) -> int:
        """The largest go two at a time, one being read while another is written, and beside others one."""
        return min(cost, allowed, max(self._places, allowed // 2))

    def _grant(self, lane: Lane, cost: int, now: float) -> Place:
        taken = self._capped(cost, self._allowed(now))
        lane.taken += taken
        lane.under_way_cost += cost
        return Place(self, lane, cost, taken)

    def _serve(self, lane: Lane, now: float) -> None:
        """Those who are next have their places, as far as there are some."""
        while lane.waiting and self._fits(lane, lane.first.cost, now):
            turn, one = lane.move()
            self._in_line -= 1
            if not turn.done():  # cancelled
                turn.set_result(self._grant(lane, one.cost, now))

    def _require_hope(self, lane: Lane, now: float) -> None:
        if lane.is_hopeless(now):
            self._note_refusal(lane, now)
            raise CrowdedError

    async def _stand(
        self, lane: Lane, now: float, call_when_gone: Callable[[Leave], object] | None, cost: int
    ) -> Place:
        self._require_hope(lane, now)
        if self._in_line >= self._most_in_line:
            self._make_room(lane)
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[Place] = loop.create_future()
        lane.join(turn, now, cost)
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
        """Refuse who has stood in line for too long, and look again while anybody does.

        Whoever comes first by that, or by a change of what may be under way, may fit.
        """
        late_by = 0.0
        if self._sweeping is not None:
            late_by = max(0.0, asyncio.get_running_loop().time() - self._sweeping.when())
            self._adapt(late_by)
        self._sweeping, now = None, self._clock()
        for lane in [*self._lanes.values()]:
            lane.look(now)
            # In that time nobody could have been served, whatever the database does.
            lane.moved_at += late_by
            self._serve(lane, now)
            late = lane.late(now)
            for turn in late:
                self._leave(lane, turn, CrowdedError())
                self._serve(lane, now)
            if late:
                self._note_refusal(lane, now)
        if self._in_line:
            self._sweeping = asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._sweep)

    @staticmethod
    def _note_refusal(lane: Lane, now: float) -> None:
        if now - lane.refused_at >= BURST_SECONDS:
            logger.warning(
                "requests of %s are refused: they come faster than they can be served",
                ids.encode("org", lane.org_id) if lane.org_id else "nobody known",
            )
        lane.refused_at = now

    def _adapt(self, late_by: float) -> None:
        """As many are under way as let the event loop be on time, and find a connection to the database."""
        if late_by > _LATE_SECONDS or self._is_strained():
            self._allowed_under_way = max(self._fewest_under_way, self._allowed_under_way // 2)
        elif late_by < _PROMPT_SECONDS:
            self._allowed_under_way = min(self._allowed_under_way + _MORE_UNDER_WAY, self._most_under_way)

    def _make_room(self, lane: Lane) -> None:
        """The newest of the longest line goes, so that who floods does not have others refused."""
        longest = max(self._lanes.values(), key=lambda other: len(other.waiting))
        if len(longest.waiting) <= len(lane.waiting):
            raise CrowdedError
        self._refuse_newest(longest)

    def _refuse_newest(self, lane: Lane) -> None:
        self._leave(lane, next(reversed(lane.waiting)), CrowdedError())

    def _leave(self, lane: Lane, turn: "asyncio.Future[Place]", error: Exception | None = None) -> None:
        if turn in lane.waiting:
            lane.leave(turn)
            self._in_line -= 1
            if error is not None and not turn.done():
                turn.set_exception(error)
