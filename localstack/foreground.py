"""What a run in the foreground begins and ends with: its settings, folder, port and servers."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from localstack.claim import claimed_folder
from localstack.postgres import running_postgres
from localstack.redis import running_redis
from localstack.remembered import remembered_secret
from shared.edge.process.ending import Ending
from shared.edge.process.start import read_or_refuse
from shared.settings import Settings

Claimed = TypeVar("Claimed")


@dataclass(frozen=True)
class Run(Generic[Claimed]):
    """A run whose servers are up and whose ports are taken, though nobody listens there yet."""

    ending: Ending
    environment: Mapping[str, str]
    settings: Settings
    home: Path
    listeners: Claimed


@contextmanager
def foreground(
    environment: Mapping[str, str], claim: Callable[[Settings], AbstractContextManager[Claimed]]
) -> Iterator[Run[Claimed]]:
    """Run the block until it ends or the process is asked to; all that was started here then has ended.

    claim: takes the ports, before anything is started for them.
    """
    ending = Ending()
    known = {"SPOOLED_ENV": "development", **environment}
    settings = read_or_refuse(known)
    with ExitStack() as started:
        home = started.enter_context(claimed_folder(Path(settings.spooled_data_dir)))
        listeners = started.enter_context(claim(settings))
        if settings.development and not known.get("SECRET_KEY"):
            known["SECRET_KEY"] = remembered_secret(home, "server")
        if not settings.database_url:
            known["DATABASE_URL"] = started.enter_context(running_postgres(home))
        if not settings.redis_url:
            known["REDIS_URL"] = started.enter_context(running_redis(home))
        yield Run(ending, known, read_or_refuse(known), home, listeners)


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
