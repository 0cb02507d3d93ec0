"""The HTTP server of a process."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from shared.edge.process.files import room_for_connections
from shared.edge.process.port import address_of, claimed, http_port
from shared.edge.process.refusal import RefusingProtocol
from shared.edge.process.websocket import BoundedWebSocket
from shared.settings import Settings

LARGEST_MESSAGE = 65_536
"""The largest message that a WebSocket takes, bytes."""
_TICKS_OF_A_LOOK = 5
IDLE_SECONDS = 75
"""Longer than the minute for which proxies keep a connection that they may use again: theirs end first."""
_IDLE_SECONDS_IN_A_CROWD = 5
_CROWD = 0.8
"""Of the connections that there may be: from there on those make room that are not in use."""
GRACE_SECONDS = 5
"""The longest that the end of the process waits for requests that are being answered."""


def claimed_http(settings: Settings) -> AbstractContextManager[socket.socket]:
    """The port, not listening yet. Raises StartError when it is taken."""
    return claimed(settings.host, http_port(settings.port))


def url_of(opened: socket.socket, settings: Settings) -> str:
    """Where the port is reached from this machine."""
    return f"http{'s' * settings.tls_is_on}://{address_of(opened)}"


def _bounded(most: int) -> type[RefusingProtocol]:
    """Uvicorn makes the protocols by itself, of a class alone."""
    return type("BoundedProtocol", (RefusingProtocol,), {"most_connections": most})


class HttpServer(uvicorn.Server):
    """Uvicorn that leaves the signals to the process, which has more to stop than this."""

    def __init__(self, application: ASGIApp, settings: Settings) -> None:
        self._crowd = _CROWD * (most := room_for_connections(settings.max_connections))
        super().__init__(
            uvicorn.Config(
                application,
                http=_bounded(most),
                timeout_keep_alive=IDLE_SECONDS,
                ws=BoundedWebSocket,
                ws_max_size=LARGEST_MESSAGE,
                # A compressor would take more memory than all else that an idle reader needs.
                ws_per_message_deflate=False,
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
        self.listens = asyncio.Event()
        self._patience_seconds = settings.body_timeout_seconds

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_OF_A_LOOK == 0:
            now = asyncio.get_running_loop().time()
            is_crowd = len(self.server_state.connections) > self._crowd
            for connection in [*self.server_state.connections]:
                if isinstance(connection, RefusingProtocol | BoundedWebSocket):
                    connection.look_after(now, self._patience_seconds)
                if is_crowd and isinstance(connection, RefusingProtocol):
                    connection.leave_if_idle(now, _IDLE_SECONDS_IN_A_CROWD)
        return await super().on_tick(counter)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving_http(
    application: ASGIApp, settings: Settings, opened: socket.socket
) -> AsyncIterator[None]:
    """Serve on the claimed port until the block ends, and then finish what is being answered.

    Raises StartError when the port is taken after all.
    """
    server = HttpServer(application, settings)
    serving = asyncio.create_task(server.serve(sockets=[opened]))
    listens = asyncio.create_task(server.listens.wait())
    await asyncio.wait({serving, listens}, return_when=asyncio.FIRST_COMPLETED)
    listens.cancel()
    if serving.done() and isinstance(error := serving.exception(), OSError):
        raise http_port(settings.port).is_refused(settings.host, error) from error
    try:
        yield
    finally:
        server.should_exit = True
        await serving
