"""Wake-ups of waiting consumers, and news of changed keys, within one process.

A wake-up may be lost without harm: who waits also looks again at the time it was told something falls due.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from shared.events.channel import KEYS_CHANNEL
from shared.events.line import Line
from shared.events.outgoing import Outgoing
from shared.marks import Marks, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.events.line import Waiter

EVERY_WAITER = 1_000_000


class Wakeups:
    """Waiters by (organization, queue), woken first come first served, one for each job that arrived."""

    def __init__(
        self,
        forget_keys: Callable[[int | None], None] = lambda _org_id: None,
        outgoing: Outgoing | None = None,
    ) -> None:
        self._forget_keys = forget_keys
        self.outgoing = outgoing or Outgoing()
        self.marks = Marks()
        self._lines: defaultdict[tuple[int, str], Line] = defaultdict(Line)

    @contextmanager
    def waiting(self, org_id: int, queue: str, wish: Any = None) -> "Iterator[Waiter]":
        """A place among those who wait for jobs of the queue; see `Waiter` for `wish`."""
        line = self._lines[org_id, queue]
        waiter = line.enter(wish)
        try:
            yield waiter
        finally:
            line.leave(waiter)
            if not line.members:
                del self._lines[org_id, queue]

    def first_to_take(self, org_id: int, queue: str) -> "Waiter | None":
        """Who is to have the next job of the queue, if it can be handed to it here and now."""
        line = self._lines.get((org_id, queue))
        if line is None or not line.yields:
            return None
        first = line.first()
        return first if first is not None and first.takes else None

    def waiting_here(self, org_id: int, queue: str) -> int:
        """How many wait for jobs of the queue in this process."""
        line = self._lines.get((org_id, queue))
        return 0 if line is None else line.members

    @property
    def hears_others(self) -> bool:
        """Whether what other processes do is heard of at this moment."""
        return False

    @asynccontextmanager
    async def listening(self, org_id: int, queue: str) -> AsyncIterator[Callable[[], bool]]:  # noqa: ARG002 - for those that hear of one queue
        """Around all of a wait: whether what other processes do is heard; while it is not, look often."""
        yield lambda: False

    def notify(self, org_id: int, queue: str, jobs: int = 1, places: Sequence[Place] | None = None) -> None:
        """Jobs became claimable: wake as many waiters, here and in other processes. Never blocks.

        places: where they stand in the queue; None when that is not known.
        """
        self.marks.arrived(org_id, queue, places)
        are_taken_here = self._wake(org_id, queue, jobs)
        self.outgoing.wake(org_id, queue, jobs, places, at_once=not are_taken_here)

    def moved(self, org_id: int, queue: str, places: Sequence[Place]) -> None:
        """Jobs that were claimable stand elsewhere now: nobody is woken for that."""
        self.marks.arrived(org_id, queue, places)
        self.outgoing.wake(org_id, queue, 0, places)

    def stir(self, org_id: int | None = None) -> None:
        """Let all who wait, of one organization or of every one, see whether they still want to."""
        for (of_org, _), line in self._lines.items():
            if org_id in (None, of_org):
                line.stir()

    async def keys_changed(self, org_id: int) -> None:
        """A key of the organization, or what it may do, was changed: no process trusts an older look-up."""
        self._forget_keys(org_id)
        await self.outgoing.publish(KEYS_CHANNEL, str(org_id))

    async def close(self) -> None:
        """Listen to nobody any more, and tell nobody."""
        await self.outgoing.close()

    def _wake(self, org_id: int, queue: str, jobs: int) -> bool:
        """Whether somebody here was woken for each of them."""
        line = self._lines.get((org_id, queue))
        return line is not None and line.call(jobs)

    def _doubt(self, org_id: int, queue: str) -> None:
        """What other processes did with the queue may have gone unheard."""
        line = self._lines.get((org_id, queue))
        if line is not None:
            line.doubt()
