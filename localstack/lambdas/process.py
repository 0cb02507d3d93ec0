"""The process of one environment, with all that it starts: run, frozen, ended."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from localstack.child import ending_with_us
from localstack.lambdas.output import Output

PEAK_MEMORY = re.compile(rb"^VmHWM:\s+(\d+) kB", re.MULTILINE)

SETTLING_STEPS = 20
SETTLING_STEP_SECONDS = 0.005


class FunctionProcess:
    """`python -m awslambdaric HANDLER`, leader of a process group of its own."""

    def __init__(self, process: asyncio.subprocess.Process, output: Output) -> None:
        self._process = process
        self._output = output
        self.exited = asyncio.create_task(self._wait())

    @classmethod
    async def start(
        cls, handler: str, *, folder: Path, variables: Mapping[str, str], output: Output
    ) -> "FunctionProcess":
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-S",  # without site-packages: what the archive lacks is not there
                "-m",
                "awslambdaric",
                handler,
                cwd=folder,
                env=variables,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output.writing,
                stderr=output.writing,
                start_new_session=True,
                # The one foreign call between fork and exec takes no lock, so other threads do no harm.
                preexec_fn=ending_with_us(signal.SIGKILL),
            )
        finally:
            output.started()
        return cls(process, output)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def drain_output(self) -> None:
        self._output.drain()

    def peak_memory_mb(self) -> int | None:
        """The most memory the process has ever held; None where the system does not tell."""
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_bytes()
        except OSError:
            return None
        found = PEAK_MEMORY.search(status)
        return int(found[1]) // 1024 if found else None

    async def end(self, grace_seconds: float) -> None:
        """SIGTERM, time to say goodbye, SIGKILL; nothing of it is left then."""
        try:
            await self._say_goodbye()
            await asyncio.wait({self.exited}, timeout=grace_seconds)
        finally:
            self.kill()
            await asyncio.shield(self.exited)
            self._output.close()

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    async def _say_goodbye(self) -> None:
        """SIGTERM, once the main thread has come to rest after the thaw.

        Python runs the function's handler in that thread. One that is stopped on its way into a wait
        takes the signal before it waits, and then sleeps on it; and of a stopped process any other
        thread may take it, which wakes the main one no more.
        """
        self.thaw()
        for _ in range(SETTLING_STEPS):
            await asyncio.sleep(SETTLING_STEP_SECONDS)
            if self._main_thread_rests():
                break
        self._signal(signal.SIGTERM)

    def _main_thread_rests(self) -> bool:
        try:
            stat = Path(f"/proc/{self._process.pid}/stat").read_bytes()
        except OSError:
            return False
        return stat.rpartition(b")")[2].split()[0] == b"S"

    async def _wait(self) -> int:
        code = await self._process.wait()
        # What the function has started goes with it.
        self._signal_group(signal.SIGKILL)
        return code

    def _signal(self, sign: signal.Signals) -> None:
        # The number of a process that has been reaped may be a stranger's.
        if self._process.returncode is None:
            self._signal_group(sign)

    def _signal_group(self, sign: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, sign)
