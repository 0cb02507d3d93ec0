"""One run of the program: a process group of its own, fed, listened to and, when it must be, ended."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

MOST_OUTPUT = 1_000_000
"""Bytes of standard output that are kept, to become the result."""
TAIL = 8_000
AFTERMATH = 0.5
"""Seconds that the output stays open for what the program left running."""

Show = Callable[[bytes], None]


@dataclass(frozen=True)
class Ended:
    """How a run ended, and what it wrote."""

    code: int
    """Below 0 it is the signal that killed it, as with `subprocess`."""
    output: bytes | None
    """Standard output; None when it was longer than what is kept."""
    tail: bytes
    """The end of standard error, or of standard output when there is none."""

    @property
    def signal_name(self) -> str | None:
        """Of the signal that killed it."""
        if self.code >= 0:
            return None
        with suppress(ValueError):
            return signal.Signals(-self.code).name
        return f"signal {-self.code}"


class Program:
    """A started program."""

    def __init__(
        self, process: asyncio.subprocess.Process, reading: "asyncio.Task[tuple[_Kept, _Kept]]"
    ) -> None:
        self._process = process
        self._reading = reading

    @classmethod
    async def start(
        cls, command: Sequence[str], given: bytes, environment: Mapping[str, str], show: Show
    ) -> "Program":
        """Start it with `given` on standard input; what it says on standard error is shown at once.

        Raises OSError for a program that cannot be started.
        """
        # Files and pipes of our own: asyncio's make the end of the process wait for whoever inherited them.
        with tempfile.TemporaryFile() as stdin:
            stdin.write(given)
            stdin.seek(0)
            out_read, out_write = os.pipe()
            err_read, err_write = os.pipe()
            try:
                process = await asyncio.create_subprocess_exec(
                    *command,
                    stdin=stdin,
                    stdout=out_write,
                    stderr=err_write,
                    env=environment,
                    start_new_session=True,
                )
            except BaseException:
                os.close(out_read)
                os.close(err_read)
                raise
            finally:
                os.close(out_write)
                os.close(err_write)
        reading = asyncio.ensure_future(_read_both(out_read, err_read, process, show))
        return cls(process, reading)

    async def ended(self) -> Ended:
        """Wait for its end."""
        code = await self._process.wait()
        out, err = await asyncio.shield(self._reading)
        return Ended(code, out.whole(), (err.tail or out.tail)[-TAIL:])

    async def over(self) -> None:
        """Wait for its end, whatever it leaves running."""
        await self._process.wait()

    def signal(self, sign: signal.Signals) -> None:
        """Send a signal to the program and to all that it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, sign)

    async def stop(self, grace: float) -> None:
        """Ask it to end and, after `grace` seconds, kill it and all that it started."""
        self.signal(signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self._process.wait()
        # The leader may be gone and its children not.
        self.signal(signal.SIGKILL)
        await self._process.wait()


class _Kept:
    """What is kept of a stream."""

    def __init__(self, most: int) -> None:
        self.tail = b""
        self._whole: list[bytes] = []
        self._left = most

    def add(self, part: bytes) -> None:
        self.tail = (self.tail + part)[-TAIL:]
        self._left -= len(part)
        if self._left >= 0:
            self._whole.append(part)

    def whole(self) -> bytes | None:
        return b"".join(self._whole) if self._left >= 0 else None


async def _read_both(
    out: int, err: int, process: asyncio.subprocess.Process, show: Show
) -> tuple[_Kept, _Kept]:
    """Read both streams until their end, or until a moment after that of the process."""
    kept_out, kept_err = _Kept(MOST_OUTPUT), _Kept(0)

    def heard(part: bytes) -> None:
        kept_err.add(part)
        show(part)

    readers = [
        asyncio.ensure_future(_read(out, kept_out.add)),
        asyncio.ensure_future(_read(err, heard)),
    ]
    await process.wait()
    _, late = await asyncio.wait(readers, timeout=AFTERMATH)
    for reader in late:
        reader.cancel()
    await asyncio.gather(*readers, return_exceptions=True)
    if kept_err.tail and not kept_err.tail.endswith(b"\n"):
        show(b"\n")
    return kept_out, kept_err


async def _read(descriptor: int, take: Show) -> None:
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", 0)
    )
    try:
        while part := await reader.read(65_536):
            take(part)
    finally:
        transport.close()


def show_on_stderr(head: str) -> Show:
    """Shows what a program says, each line with `head` before it."""
    pending = b""

    def show(part: bytes) -> None:
        nonlocal pending
        *lines, pending = (pending + part).split(b"\n")
        if len(pending) > TAIL:
            lines, pending = [*lines, pending], b""
        # A program must not die of a reader of the worker that is gone.
        with suppress(OSError):
            for line in lines:
                sys.stderr.write(f"{head}{line.decode(errors='replace')}\n")
            sys.stderr.flush()

    return show
