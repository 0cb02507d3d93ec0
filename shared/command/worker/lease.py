"""The lease of a job, kept for as long as its program runs."""

import asyncio
import time

from shared.command.errors import CommandError
from shared.command.patience import pause_before
from shared.command.worker.service import QUICK, Held, WorkerService, is_gone

MARGIN = 0.1
"""The part of a lease by which it is taken to end early, for the way of an answer."""


class Lease:
    """A lease that renews itself in `keep`, until it is lost."""

    def __init__(self, service: WorkerService, held: Held, seconds: int) -> None:
        self.held = held
        self.lost = asyncio.Event()
        """Set when another worker may have the job."""
        self._service = service
        self._seconds = seconds
        self._end = time.monotonic() + seconds * (1 - MARGIN)

    @property
    def left(self) -> float:
        """Seconds for which the job is surely ours."""
        return 0.0 if self.lost.is_set() else max(self._end - time.monotonic(), 0.0)

    def lose(self) -> None:
        self.lost.set()

    async def keep(self) -> None:
        """Renew it three times in its length, more often once that has failed; return when it is lost."""
        failures = 0
        while not self.lost.is_set():
            pause = self._seconds / 3 if not failures else min(pause_before(failures + 1), self._seconds / 6)
            await asyncio.sleep(min(pause, self.left))
            if not self.left:
                self.lose()
                return
            sent = time.monotonic()
            try:
                await self._service.extend(self.held, self._seconds, min(self.left, QUICK))
            except CommandError as error:
                failures += 1
                if is_gone(error):
                    self.lose()
            else:
                failures = 0
                self._end = sent + self._seconds * (1 - MARGIN)
