"""Timers: one shape for all of them, safe to run twice at once, bounded by the time they are given."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from shared.beats import note_beat
from shared.core import Core
from shared.edge.opening import open_serverless_core
from shared.edge.uses import Use
from shared.errors import SpooledError

logger = logging.getLogger("spooled.ticks")

Counts = dict[str, int]
"""What a run did, by the thing counted; all zero means there was nothing to do."""
RunOnce = Callable[[Core, datetime, float], Awaitable[Counts]]
_RESERVE_SECONDS = 5.0
_BEATS_A_PERIOD = 4


@dataclass(slots=True)
class Tick:
    """A timer: `run_once(core, now, budget_seconds)`, and how often the cloud starts it."""

    name: str
    every_seconds: int
    run_once: RunOnce
    uses: tuple[Use, ...] = ()
    once: bool = False
    pause: float | None = None
    _loop: asyncio.AbstractEventLoop | None = field(default=None, repr=False)
    _core: Core | None = field(default=None, repr=False)
    _noted_at: datetime | None = field(default=None, repr=False)
    """When a run that succeeded was last noted; None after one that failed."""

    @property
    def pause_seconds(self) -> float:
        """Between two runs: a second for what the cloud starts every minute, unless each start runs once."""
        if self.pause is not None:
            return self.pause
        return self.every_seconds if self.once else self.every_seconds / 60

    async def run(self, core: Core, budget_seconds: float) -> Counts:
        """One run that leaves its heartbeat; what it fails with is raised once that is noted."""
        begun_at = core.clock()
        try:
            counts = await self.run_once(core, begun_at, budget_seconds)
        except Exception as error:
            self._noted_at = None
            await self._beat(core, begun_at, error)
            raise
        pause = timedelta(seconds=self.every_seconds / _BEATS_A_PERIOD)
        if self._noted_at is None or not timedelta(0) <= begun_at - self._noted_at < pause:
            await self._beat(core, begun_at, None)
        return counts

    def handler(self, event: Any, context: Any) -> Counts:  # noqa: ARG002 - the payload says nothing
        """The Lambda handler: runs again and again until the next start takes over, or once."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        remaining = context.get_remaining_time_in_millis() / 1000
        return self._loop.run_until_complete(
            self._run_for(min(remaining - _RESERVE_SECONDS, self.every_seconds))
        )

    async def _run_for(self, seconds: float) -> Counts:
        if self._core is None:
            self._core = await open_serverless_core()
        total: Counts = {}
        deadline = monotonic() + seconds
        while True:
            counts = await self.run(self._core, max(0.1, deadline - monotonic()))
            await self._core.wakeups.outgoing.flush()
            total = {key: total.get(key, 0) + counts.get(key, 0) for key in total | counts}
            if self.once or monotonic() + self.pause_seconds > deadline:
                logger.info("tick %s: %s (%s)", self.name, total, os.environ.get("AWS_REGION", "local"))
                return total
            await asyncio.sleep(self.pause_seconds)

    async def _beat(self, core: Core, begun_at: datetime, error: Exception | None) -> None:
        """A heartbeat that cannot be written is missed by who looks for it, and is no fault of the run."""
        try:
            await note_beat(core, self.name, self.every_seconds, begun_at, error)
        except SpooledError:
            logger.warning("tick %s: its heartbeat could not be written", self.name)
        else:
            self._noted_at = begun_at if error is None else None


def every(
    seconds: int, *, uses: tuple[Use, ...] = (), once: bool = False, pause: float | None = None
) -> Callable[[RunOnce], Tick]:
    """Declare a function as a timer that the cloud starts every `seconds`; `uses` as for a route.

    once: each start is one run, for what finds nothing to do in between.
    pause: seconds between two runs of a process that lives long; unset, as above.
    """

    def declare(run_once: RunOnce) -> Tick:
        return Tick(run_once.__module__.rpartition(".")[2], seconds, run_once, uses, once, pause)

    return declare
