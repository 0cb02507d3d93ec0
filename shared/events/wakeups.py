"""Wake-ups of waiting consumers, and news of changed keys, within one process.

A wake-up may be lost without harm: who waits also looks again at the time it was told something falls due.
"""

import asyncio
import contextlib
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from shared.events.channel import KEYS_CHANNEL
from shared.events.outgoing import Outgoing

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        self._waiters: defaultdict[tuple[int, str], deque[asyncio.Event]] = defaultdict(deque)

    @contextmanager
    def waiting(self, org_id: int, queue: str) -> "Iterator[asyncio.Event]":
        """An event that is set when a job of the queue may be there."""
        event = asyncio.Event()
        waiters = self._waiters[org_id, queue]
        waiters.append(event)
        try:
            yield event
        finally:
            with contextlib.suppress(ValueError):
                waiters.remove(event)
            if not waiters:
                self._waiters.pop((org_id, queue), None)

    @asynccontextmanager
    async def listening(self, org_id: int, queue: str) -> AsyncIterator[Callable[[], bool]]:  # noqa: ARG002 - for those that hear of one queue
        """Around all of a wait: whether what other processes do is heard; while it is not, look often."""
        yield lambda: False

    def notify(self, org_id: int, queue: str, jobs: int = 1) -> None:
        """Jobs became claimable: wake as many waiters, here and in other processes. Never blocks."""
        self._wake(org_id, queue, jobs)
        self.outgoing.wake(org_id, queue, jobs)

    async def keys_changed(self, org_id: int) -> None:
        """A key of the organization, or what it may do, was changed: no process trusts an older look-up."""
        self._forget_keys(org_id)
        await self.outgoing.publish(KEYS_CHANNEL, str(org_id))

    async def close(self) -> None:
        """Listen to nobody any more, and tell nobody."""
        await self.outgoing.close()

    def _wake(self, org_id: int, queue: str, jobs: int) -> None:
        waiters = self._waiters.get((org_id, queue))
        while waiters and jobs > 0:
            waiters.popleft().set()
            jobs -= 1
