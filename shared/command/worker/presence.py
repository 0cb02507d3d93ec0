"""The worker's place in the list of workers."""

import asyncio
import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from shared.command.errors import ApiError, CommandError
from shared.command.exits import Exit
from shared.command.patience import pause_before
from shared.command.worker.plan import Plan
from shared.command.worker.service import WorkerService
from shared.command.worker.source import may_pass, rest

PATIENCE = 30.0
"""Seconds in which the service has to answer first: a wrong URL is to be noticed."""
Note = Callable[[str], None]


class Presence:
    """Registers, says that the worker is there, and takes its leave."""

    def __init__(
        self,
        service: WorkerService,
        plan: Plan,
        stopping: asyncio.Event,
        running: Callable[[], int],
        note: Note,
    ) -> None:
        self._service = service
        self._plan = plan
        self._stopping = stopping
        self._running = running
        self._note = note
        self._keeping: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Register; raises CommandError when there is no service, no right to anything, or no room."""
        end, tries = time.monotonic() + PATIENCE, 1
        while not self._stopping.is_set():
            try:
                seconds = await self._register()
            except CommandError as error:
                if isinstance(error, ApiError) and error.status == 403:  # noqa: PLR2004 - HTTP's own
                    self._note("The key may not register workers: this one works without being listed.")
                    return
                tries += 1
                pause = pause_before(tries, error)
                if not may_pass(error) or time.monotonic() + pause > end:
                    raise
                if tries == 2:  # noqa: PLR2004 - the first time
                    self._note(f"{error.message} Trying again for {PATIENCE:.0f} s.")
                await rest(self._stopping, pause)
            else:
                self._keeping = asyncio.ensure_future(self._keep(seconds))
                return

    async def end(self) -> None:
        """Leave the list."""
        if self._keeping:
            self._keeping.cancel()
            with suppress(CommandError):
                await self._service.deregister()

    async def _register(self) -> float:
        # Not its arguments, which may hold secrets.
        program = Path(self._plan.program[0]).name
        return await self._service.register(
            {
                "queue_names": list(self._plan.queues),
                "hostname": socket.gethostname() or "unknown",
                "max_concurrency": self._plan.concurrency,
                "metadata": {"program": program, "pid": os.getpid()},
            }
        )

    async def _keep(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            status = "draining" if self._stopping.is_set() else "healthy"
            try:
                await self._service.beat(status, self._running())
            except CommandError as error:
                if error.exit is Exit.NOT_FOUND:
                    # Silent for too long, as while the service was away.
                    with suppress(CommandError):
                        await self._register()
