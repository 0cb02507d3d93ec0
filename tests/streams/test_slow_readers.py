"""Readers that take too little: what is held for them is bounded, they are told why, and then cut off."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis

from shared import ids
from shared.core import Core
from shared.edge.streaming.line import LARGEST_PIECE
from tests.support.api import V1, Tenant
from tests.support.live import Teller
from tests.support.readers import PATIENCE_SECONDS, Listening, connected, listening, reading
from tests.support.until import until

SMALL = 4_096
LARGE_RESULT = "x" * 4_000
STUCK = "shared.edge.streaming.reader._MOST_STUCK_BEATS"
RING = 100
"""So few events are held here that a reader soon falls behind."""


@dataclass
class Deaf:
    """A client with hardly any room, which reads only when it is told to."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def rest(self) -> bytes:
        """All that comes up to the end; what is cut off ends too."""
        said = b""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while part := await self.reader.read(65_536):
                    said += part
        except ConnectionResetError:
            pass
        return said


@pytest.fixture
async def service(core: Core, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Listening]:
    """A service whose system holds little for a client, and whose clock turns fast."""
    monkeypatch.setattr("shared.edge.streaming.readers._TURN_SECONDS", 0.01)
    async with listening(core, send_buffer=SMALL) as opened:
        yield opened


@pytest.fixture
async def teller(core: Core, org: Tenant) -> AsyncIterator[Teller]:
    """Tells of large events of the organization."""
    async with Redis.from_url(core.settings.redis_url) as redis:
        yield Teller(ids.decode("org", org.org_id), redis, None)  # type: ignore[arg-type]


@asynccontextmanager
async def deaf(service: Listening, org: Tenant, upgrade: str = "") -> AsyncIterator[Deaf]:
    """A stream, or a WebSocket, that was let in and is not read."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    line.setblocking(False)
    await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", service.port))
    # The stream reads ahead no more than it must.
    reader, writer = await asyncio.open_connection(sock=line, limit=1)
    path = "ws" if upgrade else "events"
    head = f"GET {V1}/{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {org.key}\r\n{upgrade}\r\n"
    writer.write(head.encode())

    async def is_in() -> bool:
        return len(service.streaming.readers) > 0

    await until(is_in)
    try:
        yield Deaf(reader, writer)
    finally:
        writer.close()


UPGRADE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


def hold_few(core: Core, org: Tenant) -> None:
    """The organization's readers share a short memory."""
    assert core.hub is not None
    core.hub._rooms[ids.decode("org", org.org_id)].ring._most_events = RING


async def flood(teller: Teller, source: object, rounds: int = 4) -> None:
    """More than is held, at a pace that a reader who reads can keep."""
    for _ in range(rounds):
        await teller.tell_many(RING // 2, "job.completed", result=LARGE_RESULT, status="completed")
        for _ in range(RING):
            await source.next()  # type: ignore[attr-defined]


def unsent(service: Listening) -> int:
    """The most that the process itself holds for one connection, bytes."""
    return max(
        (
            connection.transport.get_write_buffer_size()
            for connection in service.server.server_state.connections
            if connection.transport is not None
        ),
        default=0,
    )


async def until_empty(service: Listening, count: int = 0) -> None:
    async def is_left() -> bool:
        return len(service.streaming.readers) <= count

    await until(is_left)


@pytest.mark.parametrize("upgrade", ["", UPGRADE], ids=["events", "websocket"])
async def test_a_client_that_never_reads_is_cut_off(
    service: Listening, org: Tenant, core: Core, teller: Teller, monkeypatch: pytest.MonkeyPatch, upgrade: str
) -> None:
    """It holds up nobody, little is held for it, and its connection ends; the others miss nothing."""
    monkeypatch.setattr(STUCK, 1_000_000)
    monkeypatch.setattr("shared.edge.streaming.reader._FAREWELL_SECONDS", 0.05)
    async with deaf(service, org, upgrade) as client:
        hold_few(core, org)
        async with reading(org, params={"events": "JobStatusChange,JobCompleted"}) as source:
            await flood(teller, source)
            held = unsent(service)
            await until_empty(service, 1)
            said = await client.rest()

    assert held <= 2 * LARGEST_PIECE + SMALL
    assert b"TOO_SLOW" not in said


@pytest.mark.parametrize("upgrade", ["", UPGRADE], ids=["events", "websocket"])
async def test_a_client_that_reads_again_is_told_why(
    service: Listening, org: Tenant, core: Core, teller: Teller, upgrade: str
) -> None:
    """Who has fallen behind and takes what is left hears the reason at the end of it."""
    async with deaf(service, org, upgrade) as client:
        hold_few(core, org)
        async with reading(org, params={"events": "JobStatusChange,JobCompleted"}) as source:
            await flood(teller, source)
            said = await client.rest()
            await until_empty(service, 1)

    assert said.count(b"TOO_SLOW") == 1
    if upgrade:
        assert (1013).to_bytes(2, "big") in said[said.index(b"TOO_SLOW") :]
    else:
        last = said[said.rindex(b"data: ") :].partition(b"\n")[0]
        assert json.loads(last.removeprefix(b"data: "))["type"] == "Error"
        assert said.endswith(b"\r\n0\r\n\r\n")


async def test_a_client_that_stops_on_a_quiet_line_is_cut_off(
    service: Listening, org: Tenant, teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has fallen behind nothing, and yet its line is not kept for ever."""
    monkeypatch.setattr("shared.edge.streaming.reader._FAREWELL_SECONDS", 0.05)
    async with deaf(service, org):
        await teller.tell_many(20, "job.completed", result=LARGE_RESULT, status="completed")
        await until_empty(service)

    assert unsent(service) <= LARGEST_PIECE


async def test_a_piece_that_is_not_taken_in_time_is_enough(
    service: Listening, org: Tenant, teller: Teller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that takes next to nothing is cut off before anything is lost to it."""
    monkeypatch.setattr("shared.edge.streaming.reader._FAREWELL_SECONDS", 0.05)
    monkeypatch.setattr("shared.edge.streaming.reader._LONGEST_PIECE_SECONDS", 0.05)
    monkeypatch.setattr(STUCK, 1_000_000)
    async with deaf(service, org):
        await teller.tell_many(100, "job.completed", result=LARGE_RESULT, status="completed")
        await until_empty(service)


async def test_pings_of_a_client_that_never_reads_fill_nothing(
    service: Listening, org: Tenant, teller: Teller
) -> None:
    """Nobody makes the service hold answers that nobody takes."""
    ping = bytes([0x89, 0x80 | 125]) + b"\0\0\0\0" + b"p" * 125
    async with deaf(service, org, UPGRADE) as client:
        await teller.tell_many(40, "job.completed", result=LARGE_RESULT, status="completed")

        async def is_full() -> bool:
            return unsent(service) > LARGEST_PIECE

        await until(is_full)
        most = 0
        for _ in range(200):
            client.writer.write(ping * 50)
            await asyncio.sleep(0)
            most = max(most, unsent(service))

    assert most <= 3 * LARGEST_PIECE


async def test_a_reader_that_keeps_up_is_never_cut_off(
    service: Listening, org: Tenant, teller: Teller
) -> None:
    """Large events arrive, over both kinds of line, through connections that hold little."""
    async with reading(org, params={"events": "JobCompleted"}) as source, connected(org) as line:
        await line.say("Subscribe", queue="emails")
        await line.settled()
        for _ in range(4):
            await teller.tell_many(100, "job.completed", result=LARGE_RESULT, status="completed")
            await asyncio.gather(_next(source, 100), _next(line, 200))
        assert len(service.streaming.readers) == 2


async def _next(source: object, count: int) -> None:
    for _ in range(count):
        await source.next()  # type: ignore[attr-defined]
