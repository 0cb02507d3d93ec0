"""What a run in the foreground begins and ends with: its settings, folder, port, servers and signals."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import uvicorn
from pydantic import ValidationError
from starlette.types import ASGIApp

from localstack.claim import claimed_folder, claimed_port
from localstack.errors import StartError
from localstack.http_refusal import RefusingProtocol
from localstack.postgres import running_postgres
from localstack.redis import running_redis
from localstack.remembered import remembered_secret
from shared.settings import Settings

GRACE_SECONDS = 5


class StoppedError(BaseException):
    """The run was asked to end before it served."""


class LocalServer(uvicorn.Server):
    """Uvicorn that leaves the signals to the run, which has more to stop than this."""

    def __init__(self, application: ASGIApp, settings: Settings) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                http=RefusingProtocol,
                lifespan="off",
                log_level="warning",
                access_log=False,
                server_header=False,
                # Its own default believes whoever connects from this machine.
                forwarded_allow_ips=settings.forwarded_allow_ips,
                ssl_certfile=settings.tls_certificate_file or None,
                ssl_keyfile=settings.tls_key_file or None,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )

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
        yield Run(ending, known, _settings(known), home, opened)


def _settings(environment: Mapping[str, str]) -> Settings:
    try:
        return Settings.from_environment(environment)
    except ValidationError as error:
        faults = [
            (
                ".".join(str(part) for part in fault["loc"]).upper(),
                fault["msg"].removeprefix("Value error, "),
            )
            for fault in error.errors()
        ]
        raise StartError("\n".join(f"{name}: {text}" if name else text for name, text in faults)) from error


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
