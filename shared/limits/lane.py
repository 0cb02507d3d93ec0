"""The line of one organization: who stands in it, for how long at most, and how quickly it moves."""

from collections import OrderedDict
from math import exp
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from asyncio import Future

    from shared.limits.fair import Place

BURST_SECONDS = 5.0
"""So long anybody may stand in a line that was empty since: it takes a burst."""
STEADY_SECONDS = 0.5
"""So long at most in one that was not: all it would do is serve everybody late."""
STUCK_SECONDS = 1.0
"""So long at most in one from which nobody was served meanwhile."""
_MEMORY_SECONDS = 1.0
"""What moved so long ago counts a third of what moves now."""


class Turn(NamedTuple):
    """One who stands in line: since when, for how long at most, and how many places it takes."""

    came_at: float
    patience: float
    cost: int


class Lane:
    """Of one organization: how many places are taken, and who stands in line.

    Times are seconds of one clock that never goes back.
    """

    __slots__ = (
        "_looked_at",
        "_moved",
        "_seconds",
        "moved_at",
        "org_id",
        "refused_at",
        "since",
        "taken",
        "under_way_cost",
        "waiting",
        "waiting_cost",
    )

    def __init__(self, org_id: int) -> None:
        self.org_id = org_id
        self.taken = 0
        self.under_way_cost = 0
        """Of those who have the places: the largest cost more than they take."""
        self.waiting: OrderedDict[Future[Place], Turn] = OrderedDict()
        """The first to come first."""
        self.waiting_cost = 0
        self.since = self.moved_at = 0.0
        """When the line began, if there is one, and when it moved last as somebody had been served."""
        self.refused_at = float("-inf")
        """When somebody was refused."""
        self._moved = self._seconds = self._looked_at = 0.0

    @property
    def first(self) -> Turn:
        """Who is next; there must be a line."""
        return next(iter(self.waiting.values()))

    def join(self, turn: "Future[Place]", now: float, cost: int) -> None:
        """Stand at the end of the line."""
        if not self.waiting:
            self.since = self.moved_at = self._looked_at = now
            self._moved = self._seconds = 0.0
        self.waiting[turn] = Turn(now, self.patience(now), cost)
        self.waiting_cost += cost

    def leave(self, turn: "Future[Place]") -> Turn:
        """Out of the line, from wherever in it."""
        left = self.waiting.pop(turn)
        self.waiting_cost -= left.cost
        return left

    def move(self) -> "tuple[Future[Place], Turn]":
        """The first leaves the line, as it is its turn."""
        turn = next(iter(self.waiting))
        left = self.leave(turn)
        self._moved += left.cost
        return turn, left

    def patience(self, now: float) -> float:
        """How long anybody may stand in the line who comes now."""
        if now - self.since >= BURST_SECONDS or now - self.refused_at < BURST_SECONDS:
            return STEADY_SECONDS
        return STUCK_SECONDS if self.is_stuck(now) else BURST_SECONDS

    def is_stuck(self, now: float) -> bool:
        """Whether nobody has been served from the line for so long that nobody seems to be."""
        return now - self.moved_at >= STUCK_SECONDS

    def is_hopeless(self, now: float) -> bool:
        """Whether who comes now would stand longer than it may, as quickly as the line moves."""
        return self._seconds > 0 and self.waiting_cost > self.patience(now) * self._cost_per_second

    def late(self, now: float) -> "list[Future[Place]]":
        """Those who have stood for too long."""
        most = STUCK_SECONDS if self.is_stuck(now) else BURST_SECONDS
        return [turn for turn, one in self.waiting.items() if now - one.came_at >= min(most, one.patience)]

    def look(self, now: float) -> None:
        """See how quickly the line moves: to be called now and then while there is one."""
        passed = now - self._looked_at
        kept = exp(-passed / _MEMORY_SECONDS)
        self._looked_at = now
        self._moved *= kept
        self._seconds = self._seconds * kept + passed

    @property
    def _cost_per_second(self) -> float:
        """Who is under way is as good as done: nothing else is known of a line that has just begun."""
        return (self._moved + self.under_way_cost) / self._seconds
