"""All readers of a process, looked after by one clock."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from shared.clock import Clock
from shared.edge.streaming.reader import Reader

BEAT_SECONDS = 15
_TURN_SECONDS = 1.0


class Readers:
    """Each second it looks at all of them, and lets every fifteenth hear that its line stands.

    So a thousand that are told nothing have no timer and cost no query.
    """

    def __init__(self) -> None:
        self._slots: list[set[Reader]] = [set() for _ in range(BEAT_SECONDS)]
        self._hand = 0
        self._turning: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return sum(map(len, self._slots))

    @contextmanager
    def has(self, reader: Reader, clock: Clock) -> Iterator[None]:
        """Look after it in the block."""
        slot = self._slots[self._hand]
        slot.add(reader)
        if self._turning is None:
            self._turning = asyncio.create_task(self._turn(clock))
        try:
            yield
        finally:
            slot.discard(reader)

    async def _turn(self, clock: Clock) -> None:
        while len(self):
            await asyncio.sleep(_TURN_SECONDS)
            self._hand = (self._hand + 1) % BEAT_SECONDS
            now, moment = clock(), monotonic()
            for slot in self._slots:
                for reader in slot:
                    reader.look_after(now, moment)
            for reader in list(self._slots[self._hand]):
                await reader.beat()
        self._turning = None
