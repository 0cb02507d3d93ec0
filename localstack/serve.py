"""One run of the service on this machine: its servers, the schema, the functions and the timers."""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from types import FrameType

import psycopg
import uvicorn
import uvloop
from pydantic import ValidationError

from functions.app import every_function
from localstack.claim import cannot_listen, claimed_folder, claimed_port
from localstack.errors import StartError
from localstack.greeting import greet_when_ready
from localstack.http_refusal import RefusingProtocol
from localstack.postgres import running_postgres
from localstack.redis import running_redis
from localstack.remembered import remembered_secret
from localstack.timers import run_timers
from shared.core import Core
from shared.edge.opening import open_core
from shared.edge.service import Service
from shared.mail.send import logger as mail_logger
from shared.settings import Settings
from shared.store.migrate import migrate

GRACE_SECONDS = 5


class StoppedError(BaseException):
    """The run was asked to end before it served."""


class LocalServer(uvicorn.Server):
    """Uvicorn that leaves the signals to the run, which has more to stop than this."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Ending:
    """SIGTERM and Ctrl-C: the first one ends the run in good order, and further ones change nothing."""

    def __init__(self) -> None:
        self.server: LocalServer | None = None
        self._asked = False
        for sign in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            # Who said nohup wants us to outlive the terminal.
            if sign != signal.SIGHUP or signal.getsignal(sign) is not signal.SIG_IGN:
                signal.signal(sign, self._ask)

    def _ask(self, _sign: int, _frame: FrameType | None) -> None:
        if self._asked:
            return
        self._asked = True
        if self.server is None:
            raise StoppedError
        self.server.should_exit = True


def serve(environment: Mapping[str, str]) -> None:
    """Serve until asked to end. Everything started here has ended when this returns or raises."""
    ending = Ending()
    known = {"SPOOLED_ENV": "development", **environment}
    settings = _settings(known)
    with contextlib.suppress(StoppedError), ExitStack() as started:
        home = started.enter_context(claimed_folder(Path(settings.spooled_data_dir)))
        opened = started.enter_context(claimed_port(settings.host, settings.port))
        if settings.development and not known.get("SECRET_KEY"):
            known["SECRET_KEY"] = remembered_secret(home, "server")
        if not settings.database_url:
            known["DATABASE_URL"] = started.enter_context(running_postgres(home))
        if not settings.redis_url:
            known["REDIS_URL"] = started.enter_context(running_redis(home))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(_settings(known), opened, ending, home))


def _settings(environment: Mapping[str, str]) -> Settings:
    try:
        return Settings.from_environment(environment)
    except ValidationError as error:
        faults = [
            (".".join(str(part) for part in fault["loc"]).upper(), fault["msg"]) for fault in error.errors()
        ]
        raise StartError("\n".join(f"{name}: {text}" if name else text for name, text in faults)) from error


async def _serve(settings: Settings, opened: socket.socket, ending: Ending, home: Path) -> None:
    try:
        await migrate(settings.database_url)
    except psycopg.Error as error:
        raise StartError(f"The database (DATABASE_URL) cannot be brought up to date: {error}") from error
    endpoints, ticks = every_function()
    core = await open_core(settings)
    if settings.development and not settings.smtp_url:
        show_mail()

    async def opened_core() -> Core:
        return core

    try:
        config = uvicorn.Config(
            Service(endpoints, opened_core),
            http=RefusingProtocol,
            lifespan="off",
            log_level="warning",
            access_log=False,
            server_header=False,
            # Its own default believes whoever connects from this machine.
            forwarded_allow_ips=settings.forwarded_allow_ips,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        ending.server = server = LocalServer(config)
        async with _beside(run_timers(core, ticks), greet_when_ready(opened, home)):
            await server.serve(sockets=[opened])
    except OSError as error:
        raise cannot_listen(settings.host, settings.port, error) from error
    finally:
        await core.close()


def show_mail() -> None:
    """Mail that goes to the log is for reading there, though nothing else of its level is shown."""
    mail_logger.addHandler(logging.StreamHandler())
    mail_logger.setLevel(logging.INFO)


@asynccontextmanager
async def _beside(*work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Do the work in the background until the block ends."""
    tasks = [asyncio.create_task(part) for part in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
