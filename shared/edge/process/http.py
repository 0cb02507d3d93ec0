"""The HTTP server of a process."""

from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from shared.edge.process.refusal import RefusingProtocol
from shared.settings import Settings

GRACE_SECONDS = 5
"""The longest that the end of the process waits for requests that are being answered."""


class HttpServer(uvicorn.Server):
    """Uvicorn that leaves the signals to the process, which has more to stop than this."""

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
