"""What a run in the foreground begins and ends with: its settings, folder, port and servers."""

import asyncio
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from localstack.claim import claimed_folder
from localstack.postgres import running_postgres
from localstack.redis import running_redis
from localstack.remembered import remembered_secret
from shared.edge.process.ending import Ending
from shared.edge.process.port import claimed, http_port
from shared.edge.process.start import read_or_refuse
from shared.settings import Settings


@dataclass(frozen=True)
class Run:
    """A run whose servers are up and whose port is taken, though nobody listens there yet."""

    ending: Ending
    environment: Mapping[str, str]
    settings: Settings
    home: Path
    opened: socket.socket


@contextmanager
def foreground(environment: Mapping[str, str]) -> Iterator[Run]:
    """Run the block until it ends or the process is asked to; all that was started here then has ended."""
    ending = Ending()
    known = {"SPOOLED_ENV": "development", **environment}
    settings = read_or_refuse(known)
    with ExitStack() as started:
        home = started.enter_context(claimed_folder(Path(settings.spooled_data_dir)))
        opened = started.enter_context(claimed(settings.host, http_port(settings.port)))
        if settings.development and not known.get("SECRET_KEY"):
            known["SECRET_KEY"] = remembered_secret(home, "server")
        if not settings.database_url:
            known["DATABASE_URL"] = started.enter_context(running_postgres(home))
        if not settings.redis_url:
            known["REDIS_URL"] = started.enter_context(running_redis(home))
        yield Run(ending, known, read_or_refuse(known), home, opened)


@asynccontextmanager
async def beside(*work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Do the work in the background until the block ends."""
    tasks = [asyncio.create_task(part) for part in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
