"""The whole service in processes of its own, all mortal, between them lines that can be cut."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.chaos.plan import PROCESSES
from tests.chaos.process import Process, supervised
from tests.support.line import Line, line_to
from tests.support.mortal import Mortal, mortal_postgres, mortal_redis
from tests.support.run import free_ports
from tests.support.until import until

_READY_SECONDS = 300.0
MODULES = {"a": "localstack", "b": "localstack", "streams": "functions.streams"}


@dataclass
class World:
    """The parts, by the names of the plan."""

    processes: dict[str, Process]
    servers: dict[str, Mortal]
    links: dict[str, Line]
    grpc: dict[str, Line]
    """The way of gRPC clients; what goes wrong on a `client-` link goes wrong here too."""

    def url(self, process: str) -> str:
        """Where its HTTP is reached by clients."""
        return self.links[f"client-{process}"].url

    def lines(self, link: str) -> list[Line]:
        """All that a link of the plan stands for."""
        process = link.removeprefix("client-")
        return [self.links[link], *([self.grpc[process]] if process in self.grpc else [])]

    async def is_ready(self) -> bool:
        """Whether every process answers and reaches what it needs."""
        async with httpx.AsyncClient(timeout=5) as client:
            try:
                answers = [await client.get(f"{self.url(name)}/health") for name in self.processes]
            except httpx.TransportError:
                return False
        return all(answer.status_code == 200 and answer.json()["cache"] for answer in answers)

    async def until_ready(self) -> None:
        await until(self.is_ready, _READY_SECONDS)


@asynccontextmanager
async def living_world(folder: Path, *, durable: bool) -> AsyncIterator[World]:
    """A world in a folder, ready; at the end of the block all of it has ended.

    durable: PostgreSQL waits for the disk, as in production.
    """
    async with AsyncExitStack() as parts:
        servers = {}
        home = folder / "servers"
        home.mkdir()
        for name, opened in (
            ("postgres", mortal_postgres(home, durable=durable)),
            ("redis", mortal_redis(home)),
        ):
            servers[name] = await asyncio.to_thread(opened.__enter__)
            parts.push_async_callback(asyncio.to_thread, opened.__exit__, None, None, None)
        secret = secrets.token_urlsafe(32)
        links: dict[str, Line] = {}
        grpc: dict[str, Line] = {}
        processes = {}
        ports = free_ports(2 * len(PROCESSES))
        for name in PROCESSES:
            for server, mortal_server in servers.items():
                links[f"{name}-{server}"] = await parts.enter_async_context(line_to(mortal_server.url))
            port, grpc_port = ports.pop(), ports.pop()
            links[f"client-{name}"] = await parts.enter_async_context(line_to(f"http://127.0.0.1:{port}"))
            grpc[name] = await parts.enter_async_context(line_to(f"http://127.0.0.1:{grpc_port}"))
            settings = {
                "SPOOLED_ENV": "development",
                "SECRET_KEY": secret,
                "PORT": str(port),
                "GRPC_PORT": str(grpc_port),
                "SPOOLED_DATA_DIR": str(folder / name),
                "DATABASE_URL": links[f"{name}-postgres"].url,
                "REDIS_URL": links[f"{name}-redis"].url,
            }
            processes[name] = Process(MODULES[name], settings, folder / f"{name}.log")
        world = World(processes, servers, links, grpc)
        # One after the other: the first brings the schema up to date.
        await parts.enter_async_context(supervised(list(processes.values())))
        await world.until_ready()
        yield world
