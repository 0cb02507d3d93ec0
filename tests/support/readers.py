"""Live events over real sockets: the service as a process serves it, and readers that keep to the rules."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
from websockets.asyncio.client import ClientConnection, connect

from functions.app import every_function
from functions.streams.app import every_stream
from shared.core import Core
from shared.edge.process.http import HttpServer
from shared.edge.service import Service
from shared.edge.streaming import Streaming
from tests.support.api import V1, Api

PATIENCE_SECONDS = 60.0
BESIDES = {"QueueStats", "SystemHealth", "QueueCreated"}
"""What may come between the events that a test is about."""


@dataclass
class Listening:
    """A service that listens, and what a test may do to it."""

    port: int
    streaming: Streaming
    server: HttpServer
    api: Api


@asynccontextmanager
async def listening(core: Core, *, send_buffer: int = 0) -> AsyncIterator[Listening]:
    """The service on a port of its own, in this event loop.

    send_buffer: the bytes that the system holds for a client that is slow.
    """

    async def opened() -> Core:
        return core

    streaming = Streaming(every_stream())
    server = HttpServer(Service(every_function()[0], opened, streaming), core.settings)
    with socket.create_server(("127.0.0.1", 0)) as door:
        if send_buffer:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        port = door.getsockname()[1]
        serving = asyncio.create_task(server.serve(sockets=[door]))
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_SECONDS) as client:
            yield Listening(port, streaming, server, Api(client))
        server.should_exit = True
        await serving


@dataclass(frozen=True)
class Frame:
    """An event as EventSource dispatches it."""

    last_event_id: str
    data: str

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.data)
        return event

    @property
    def type(self) -> str:
        return str(self.event["type"])


@dataclass
class EventSource:
    """Reads a stream as the HTML standard says: https://html.spec.whatwg.org/multipage/server-sent-events.html"""

    response: httpx.Response
    last_event_id: str = ""
    retry: int | None = None
    comments: int = 0
    _lines: AsyncIterator[str] = field(init=False)

    def __post_init__(self) -> None:
        self._lines = self._split()

    async def block(self) -> Frame | None:
        """The next lines up to a blank one, and the event that they are, if they are one.

        Raises StopAsyncIteration at the end of the stream.
        """
        data: list[str] = []
        async with asyncio.timeout(PATIENCE_SECONDS):
            while line := await anext(self._lines):
                name, _, value = line.partition(":")
                value = value.removeprefix(" ")
                if not name:
                    self.comments += 1
                elif name == "data":
                    data.append(value)
                elif name == "id" and "\0" not in value:
                    self.last_event_id = value
                elif name == "retry" and value.isdecimal():
                    self.retry = int(value)
        return Frame(self.last_event_id, "\n".join(data)) if data else None

    async def next(self) -> Frame:
        """The next event. Raises StopAsyncIteration at the end of the stream."""
        async with asyncio.timeout(2 * PATIENCE_SECONDS):
            while (frame := await self.block()) is None:
                pass
        return frame

    async def told(self, count: int) -> list[Frame]:
        """The next so many events that a test is about; what comes besides makes nobody wait for longer."""
        found: list[Frame] = []
        async with asyncio.timeout(2 * PATIENCE_SECONDS):
            while len(found) < count:
                frame = await self.next()
                if frame.type not in BESIDES:
                    found.append(frame)
        return found

    async def first(self, type_: str) -> Frame:
        """The next event of a type."""
        async with asyncio.timeout(2 * PATIENCE_SECONDS):
            while (frame := await self.next()).type != type_:
                pass
        return frame

    async def rest(self) -> list[Frame]:
        """All events up to the end of the stream, which must be near."""
        found = []
        with suppress(StopAsyncIteration):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    found.append(await self.next())
        return found

    async def _split(self) -> AsyncIterator[str]:
        """Lines end with CR LF, LF or CR, and with nothing else."""
        rest = b""
        async for part in self.response.aiter_raw():
            *lines, rest = (rest + part).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
            for line in lines:
                yield line.decode()


@asynccontextmanager
async def reading(caller: Api, path: str = "/events", **options: Any) -> AsyncIterator[EventSource]:
    """A stream that was let in."""
    headers = {"Authorization": f"Bearer {caller.key}"} if caller.key else {}
    headers |= options.pop("headers", {})
    async with caller.client.stream("GET", V1 + path, headers=headers, **options) as response:
        if response.status_code != httpx.codes.OK:
            await response.aread()
        assert response.status_code == httpx.codes.OK, response.text
        yield EventSource(response)


@dataclass
class Socket:
    """A WebSocket that was let in."""

    line: ClientConnection

    async def say(self, cmd: str, **fields: Any) -> None:
        await self.line.send(json.dumps({"cmd": cmd, **fields}))

    async def next(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            message: dict[str, Any] = json.loads(await self.line.recv())
        return message

    async def told(self, count: int) -> list[dict[str, Any]]:
        """The next so many events that a test is about."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            message = await self.next()
            if message["type"] not in BESIDES:
                found.append(message)
        return found

    async def first(self, type_: str) -> dict[str, Any]:
        """The next event of a type."""
        while (message := await self.next())["type"] != type_:
            pass
        return message

    async def settled(self) -> Self:
        """Once the service has done what was said before."""
        await self.say("Ping")
        await self.first("Ping")
        return self


@asynccontextmanager
async def connected(caller: Api, query: str = "", **options: Any) -> AsyncIterator[Socket]:
    """A WebSocket with the key in its address, as browsers have it."""
    url = str(caller.client.base_url).replace("http", "ws", 1).rstrip("/")
    async with connect(f"{url}{V1}/ws?token={caller.key}{query}", **options) as line:
        yield Socket(line)
