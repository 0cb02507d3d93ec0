"""What a function writes: whole lines, in order with what the platform says about it."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

LogSink = Callable[[str, str], None]
"""Takes a log group's name and one or more whole lines."""

CHUNK_BYTES = 65_536


class LogFolder:
    """A log sink with a file per log group: `/aws/lambda/NAME` is `FOLDER/aws/lambda/NAME.log`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, log_group: str, lines: str) -> None:
        with self.file(log_group).open("a", encoding="utf-8") as log:
            log.write(lines)

    def file(self, log_group: str) -> Path:
        file = self.folder / f"{log_group.strip('/')}.log"
        file.parent.mkdir(parents=True, exist_ok=True)
        return file


class Output:
    """The pipe that a process writes to; `drain` takes what is in it at that moment."""

    def __init__(self, sink: LogSink, log_group: str) -> None:
        self._sink = sink
        self._log_group = log_group
        self._rest = b""
        self._reading, self.writing = os.pipe()
        os.set_blocking(self._reading, False)
        asyncio.get_running_loop().add_reader(self._reading, self.drain)

    def drain(self) -> None:
        text = self._rest + b"".join(iter(self._chunk, b""))
        lines, newline, self._rest = text.rpartition(b"\n")
        if newline:
            self._sink(self._log_group, (lines + newline).decode(errors="replace"))

    def started(self) -> None:
        """The process has its end of the pipe; ours is closed, so that its end is the end."""
        os.close(self.writing)

    def close(self) -> None:
        self.drain()
        asyncio.get_running_loop().remove_reader(self._reading)
        os.close(self._reading)
        if self._rest:
            self._sink(self._log_group, self._rest.decode(errors="replace") + "\n")

    def _chunk(self) -> bytes:
        try:
            chunk = os.read(self._reading, CHUNK_BYTES)
        except BlockingIOError:
            return b""
        if not chunk:
            # All who could write are gone; a readable end of file would call us for ever.
            asyncio.get_running_loop().remove_reader(self._reading)
        return chunk
