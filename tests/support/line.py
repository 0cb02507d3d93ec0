"""A line to a server that can go mute, be slow, held, cut or closed, as networks do."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER by which a socket that is closed says RST, and not that all is well."""


@dataclass(eq=False)
class _Pair:
    """One connection through the line: whether it lost both ways or the answers, and its two ends."""

    writers: tuple[asyncio.StreamWriter, asyncio.StreamWriter]
    is_mute: bool = False
    loses_answers: bool = False


@dataclass
class Line:
    """What stands between; `url` leads through it.

    delay_seconds: what passes is late by so much, each part of it.
    refuses: whoever comes new is sent away.
    """

    url: str
    opened: int = 0
    delay_seconds: float = 0.0
    refuses: bool = False
    _flows: asyncio.Event = field(default_factory=asyncio.Event)
    _pairs: set[_Pair] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._flows.set()

    def go_mute(self) -> None:
        """Nothing passes over the lines that are open, and nobody is told; new ones work."""
        for pair in self._pairs:
            pair.is_mute = True

    def lose_answers(self) -> None:
        """What is asked over the lines that are open arrives, and the answers do not; new ones work."""
        for pair in self._pairs:
            pair.loses_answers = True

    def hold(self) -> None:
        """Nothing passes, over new lines neither, until it is let go; nothing is lost."""
        self._flows.clear()

    def let_go(self) -> None:
        self._flows.set()

    def cut(self) -> None:
        """The lines that are open end."""
        for pair in self._pairs:
            for writer in pair.writers:
                writer.close()

    def reset(self) -> None:
        """The lines that are open break, at both ends."""
        for pair in self._pairs:
            for writer in pair.writers:
                _break(writer)

    def forget(self, pair: _Pair) -> None:
        """Nothing passes over a connection any more, so both its ends are closed."""
        for writer in pair.writers:
            writer.close()
        self._pairs.discard(pair)

    async def carry(self, reader: asyncio.StreamReader, pair: _Pair, *, back: bool) -> None:
        """Pass on what is read, in one direction, until its end."""
        sink = pair.writers[0 if back else 1]
        try:
            while part := await reader.read(65_536):
                if self.delay_seconds:
                    await asyncio.sleep(self.delay_seconds)
                await self._flows.wait()
                if pair.is_mute or (back and pair.loses_answers):
                    continue
                sink.write(part)
                await sink.drain()
            if not (pair.is_mute or (back and pair.loses_answers)):
                sink.close()
        except (OSError, RuntimeError):
            # The latter is what uvloop says of a line that was reset.
            sink.close()


@asynccontextmanager
async def line_to(server_url: str, own_port: int = 0) -> AsyncIterator[Line]:
    """A line to the server of a URL, from any port or from that of a line that has ended."""
    there = urlsplit(server_url)
    assert there.hostname
    tasks: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if line.refuses:
            _break(writer)
            return
        try:
            answers, questions = await asyncio.open_connection(there.hostname, there.port)
        except OSError:
            _break(writer)
            return
        pair = _Pair((writer, questions))
        line.opened += 1
        line._pairs.add(pair)
        ways = [
            asyncio.create_task(line.carry(source, pair, back=back))
            for source, back in ((reader, False), (answers, True))
        ]
        for way in ways:
            tasks.add(way)
            way.add_done_callback(tasks.discard)
            way.add_done_callback(lambda _: line.forget(pair) if all(w.done() for w in ways) else None)

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


def _break(writer: asyncio.StreamWriter) -> None:
    # One that has ended already has no socket any more, or in uvloop one without a number.
    if (opened := writer.get_extra_info("socket")) is not None:
        with contextlib.suppress(OSError, ValueError):
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
