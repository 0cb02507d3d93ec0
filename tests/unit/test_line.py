"""The line that tests cut does to connections what its words say."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support.line import Line, line_to
from tests.support.run import free_port
from tests.support.until import until

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def echo_behind_a_line() -> AsyncIterator[Line]:
    """A server that says what it hears, and the line to it."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while said := await reader.read(100):
                writer.write(said)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server, line_to(f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}") as line:
        yield line


async def opened(line: Line) -> Ends:
    return await asyncio.open_connection("127.0.0.1", int(line.url.rpartition(":")[2]))


async def said(ends: Ends, text: bytes) -> bytes:
    ends[1].write(text)
    return await asyncio.wait_for(ends[0].readexactly(len(text)), 20)


async def test_what_is_held_comes_later() -> None:
    """Nothing passes while the line is held, over old and new connections, and nothing of it is lost."""
    async with echo_behind_a_line() as line:
        old = await opened(line)
        assert await said(old, b"before") == b"before"
        line.hold()
        new = await opened(line)
        waiting = [asyncio.create_task(said(ends, b"held")) for ends in (old, new)]
        passed, _ = await asyncio.wait(waiting, timeout=0.05)
        assert not passed
        line.let_go()
        assert await asyncio.gather(*waiting) == [b"held", b"held"]
        for ends in (old, new):
            ends[1].close()


async def test_a_slow_line_delays_each_part() -> None:
    """There and back takes twice the delay, at least."""
    async with echo_behind_a_line() as line:
        ends = await opened(line)
        line.delay_seconds = 0.05
        began = asyncio.get_running_loop().time()
        assert await said(ends, b"slow") == b"slow"
        assert asyncio.get_running_loop().time() - began >= 0.099
        ends[1].close()


async def test_reset_breaks_and_is_no_orderly_end() -> None:
    """Both ends of an open connection are told that it broke; a new one works."""
    async with echo_behind_a_line() as line:
        ends = await opened(line)
        await said(ends, b"before")
        line.reset()
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(ends[0].read(), 20)
        ends[1].close()
        again = await opened(line)
        assert await said(again, b"after") == b"after"
        again[1].close()


async def test_who_is_refused_and_who_finds_nobody_is_told() -> None:
    """A line that refuses, and one whose server is away, break each new connection at once."""
    async with echo_behind_a_line() as line, line_to(f"tcp://127.0.0.1:{free_port()}") as to_nobody:
        line.refuses = True
        for unreachable in (line, to_nobody):
            ends = await opened(unreachable)
            with pytest.raises(ConnectionResetError):
                await asyncio.wait_for(ends[0].read(), 20)
            ends[1].close()


async def test_what_is_mute_says_nothing_while_others_speak() -> None:
    """Connections that went mute lose what is said, and new ones do not; those that ended are forgotten."""
    async with echo_behind_a_line() as line:
        mute = await opened(line)
        await said(mute, b"before")
        line.go_mute()
        waiting = asyncio.create_task(said(mute, b"lost"))
        new = await opened(line)
        assert await said(new, b"heard") == b"heard"
        assert not waiting.done()
        waiting.cancel()
        new[1].close()

        async def one_is_left() -> bool:
            return len(line._pairs) == 1

        await until(one_is_left)
        mute[1].close()
