"""A line to a server that can go mute or be cut, as networks do."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Line:
    """What stands between; `url` leads through it."""

    url: str
    opened: int = 0
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)
    _mutes: list[asyncio.Event] = field(default_factory=list)
    _losses: list[asyncio.Event] = field(default_factory=list)

    def go_mute(self) -> None:
        """Nothing passes over the lines that are open, and nobody is told; new ones work."""
        for mute in self._mutes:
            mute.set()

    def lose_answers(self) -> None:
        """What is asked over the lines that are open arrives, and the answers do not; new ones work."""
        for loss in self._losses:
            loss.set()

    def cut(self) -> None:
        """The lines that are open end."""
        for writer in self._writers:
            writer.close()


@asynccontextmanager
async def line_to(server_url: str, own_port: int = 0) -> AsyncIterator[Line]:
    """A line to the server of a URL, from any port or from that of a line that has ended."""
    there = urlsplit(server_url)
    assert there.hostname
    tasks: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, questions = await asyncio.open_connection(there.hostname, there.port)
        mute, loss = asyncio.Event(), asyncio.Event()
        line.opened += 1
        line._mutes += [mute]
        line._losses += [loss]
        line._writers += [writer, questions]
        for source, sink, ends in ((reader, questions, (mute,)), (answers, writer, (mute, loss))):
            task = asyncio.create_task(_carry(source, sink, ends))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", own_port, family=socket.AF_INET)
    port = server.sockets[0].getsockname()[1]
    line = Line(server_url.replace(f":{there.port}", f":{port}", 1))
    try:
        yield line
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        line.cut()


async def _carry(
    source: asyncio.StreamReader, sink: asyncio.StreamWriter, ends: Sequence[asyncio.Event]
) -> None:
    try:
        while part := await source.read(65_536):
            if any(end.is_set() for end in ends):
                continue
            sink.write(part)
            await sink.drain()
        if not any(end.is_set() for end in ends):
            sink.close()
    except OSError:
        sink.close()
