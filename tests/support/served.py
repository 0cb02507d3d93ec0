"""The service over real HTTP inside the test's own process, so that a test can break and count."""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.core import Core
from shared.edge import Endpoint
from shared.edge.opening import open_core
from shared.edge.service import Service
from shared.settings import Settings

READY_SECONDS = 60.0


@dataclass
class Served:
    """Where it answers, and how many requests each path had."""

    url: str
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)


@contextmanager
def served(settings: Settings, endpoints: Iterable[Endpoint]) -> Iterator[Served]:
    """The service on a port of its own until the block ends."""
    requests: Counter[tuple[str, str]] = Counter()

    @asynccontextmanager
    async def counted_service() -> AsyncIterator[ASGIApp]:
        core = await open_core(settings)

        async def opened() -> Core:
            return core

        service = Service(endpoints, opened)

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                requests[scope["method"], scope["path"]] += 1
            await service(scope, receive, send)

        try:
            yield counted
        finally:
            await core.close()

    with listening(counted_service) as url:
        yield Served(url, requests)


@contextmanager
def listening(application: Callable[[], AbstractAsyncContextManager[ASGIApp]]) -> Iterator[str]:
    """The URL of an application that lives, on a port and in a thread of its own, until the block ends."""
    # Listening from here on: an early request waits for the service instead of being refused.
    opened = socket.create_server(("127.0.0.1", 0))
    ready = threading.Event()
    servers: list[uvicorn.Server] = []

    async def run() -> None:
        async with application() as running:
            config = uvicorn.Config(running, lifespan="off", log_level="critical", access_log=False)
            server = uvicorn.Server(config)
            servers.append(server)
            ready.set()
            await server.serve(sockets=[opened])

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        assert ready.wait(READY_SECONDS)
        yield f"http://127.0.0.1:{opened.getsockname()[1]}"
    finally:
        servers[0].should_exit = True
        thread.join()
