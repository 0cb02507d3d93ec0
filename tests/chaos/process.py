"""A process of the service that is started again whenever it ends, as a supervisor does."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.run import MINIMAL_PATH, ROOT

_PAUSE_SECONDS = 0.2
"""Between an end and the next start, so that one that cannot start is not started all the time."""


@dataclass
class Process:
    """What runs, how often it was started, and where it writes what it has to say."""

    module: str
    settings: Mapping[str, str]
    log: Path
    starts: int = 0
    pause_seconds: float = _PAUSE_SECONDS
    _running: asyncio.subprocess.Process | None = None
    _may_start: asyncio.Event = field(default_factory=asyncio.Event)

    async def supervise(self) -> None:
        """Start it again and again, until cancelled; then it is killed."""
        with self.log.open("ab") as said:
            try:
                while True:
                    self._running = await asyncio.create_subprocess_exec(
                        sys.executable,
                        "-m",
                        self.module,
                        "--with-parent",
                        cwd=ROOT,
                        env={"PATH": MINIMAL_PATH, **self.settings},
                        stdin=asyncio.subprocess.DEVNULL,
                        stdout=said,
                        stderr=said,
                        start_new_session=True,
                    )
                    self.starts += 1
                    await self._running.wait()
                    pause, self.pause_seconds = self.pause_seconds, _PAUSE_SECONDS
                    await asyncio.sleep(pause)
            finally:
                self.send(signal.SIGKILL)
                if self._running:
                    await self._running.wait()

    def send(self, sign: signal.Signals) -> None:
        """To the process, if there is one."""
        if self._running and self._running.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self._running.pid, sign)

    def kill(self, pause_seconds: float) -> None:
        """At once, and start it again after so long."""
        self.pause_seconds = max(_PAUSE_SECONDS, pause_seconds)
        self.send(signal.SIGCONT)
        self.send(signal.SIGKILL)


@asynccontextmanager
async def supervised(processes: list[Process]) -> AsyncIterator[None]:
    """All of them run, in this block."""
    tasks = [asyncio.create_task(process.supervise()) for process in processes]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
