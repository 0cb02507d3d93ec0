"""The service over real HTTP inside the test's own process, so that a test can break and count."""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.types import Receive, Scope, Send

from shared.core import Core
from shared.edge import Endpoint
from shared.edge.opening import open_core
from shared.edge.service import Service
from shared.settings import Settings

READY_SECONDS = 20.0


@dataclass
class Served:
    """Where it answers, and how many requests each path had."""

    url: str
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)


@contextmanager
def served(settings: Settings, endpoints: Iterable[Endpoint]) -> Iterator[Served]:
    """The service on a port of its own until the block ends."""
    # Listening from here on: an early request waits for the service instead of being refused.
    listening = socket.create_server(("127.0.0.1", 0))
    found = Served(f"http://127.0.0.1:{listening.getsockname()[1]}")
    ready = threading.Event()
    servers: list[uvicorn.Server] = []

    async def run() -> None:
        core = await open_core(settings)

        async def opened() -> Core:
            return core

        service = Service(endpoints, opened)

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                found.requests[scope["method"], scope["path"]] += 1
            await service(scope, receive, send)

        config = uvicorn.Config(counted, lifespan="off", log_level="critical", access_log=False)
        server = uvicorn.Server(config)
        servers.append(server)
        ready.set()
        try:
            await server.serve(sockets=[listening])
        finally:
            await core.close()

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        assert ready.wait(READY_SECONDS)
        yield found
    finally:
        servers[0].should_exit = True
        thread.join()
