"""Wake-ups of waiting consumers, and news of changed keys, within one process.

A wake-up may be lost without harm: who waits also looks again at the time it was told something falls due.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from shared.events.channel import KEYS_CHANNEL
from shared.events.line import Line
from shared.events.outgoing import Outgoing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shared.events.line import Waiter

EVERY_WAITER = 1_000_000


class Wakeups:
    """Waiters by (organization, queue), woken first come first served, one for each job that arrived."""

    def __init__(
        self,
        forget_keys: Callable[[int], None] = lambda _org_id: None,
        outgoing: Outgoing | None = None,
    ) -> None:
        self._forget_keys = forget_keys
        self.outgoing = outgoing or Outgoing()
        self._lines: defaultdict[tuple[int, str], Line] = defaultdict(Line)

    @contextmanager
    def waiting(self, org_id: int, queue: str) -> "Iterator[Waiter]":
        """A place among those who wait for jobs of the queue."""
        line = self._lines[org_id, queue]
        waiter = line.enter()
        try:
            yield waiter
        finally:
            line.leave(waiter)
            if not line.members:
                del self._lines[org_id, queue]

    @property
    def hears_others(self) -> bool:
        """Whether what other processes do is heard of at this moment."""
        return False

    @asynccontextmanager
    async def listening(self, org_id: int, queue: str) -> AsyncIterator[Callable[[], bool]]:  # noqa: ARG002 - for those that hear of one queue
        """Around all of a wait: whether what other processes do is heard; while it is not, look often."""
        yield lambda: False

    def notify(self, org_id: int, queue: str, jobs: int = 1) -> None:
        """Jobs became claimable: wake as many waiters, here and in other processes. Never blocks."""
        are_taken_here = self._wake(org_id, queue, jobs)
        self.outgoing.wake(org_id, queue, jobs, at_once=not are_taken_here)

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
