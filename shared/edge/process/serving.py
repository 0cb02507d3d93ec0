"""The life of a process that listens, once all it stands on is there."""

import asyncio
from socket import socket

from starlette.types import ASGIApp

from shared.edge.process.ending import Ending
from shared.edge.process.http import HttpServer
from shared.edge.process.port import http_port
from shared.settings import Settings


async def serve(application: ASGIApp, settings: Settings, opened: socket, ending: Ending) -> None:
    """Serve on the claimed port until the process is asked to end. Raises StartError when it is taken."""
    http = HttpServer(application, settings)
    with ending.told() as told:
        serving = asyncio.create_task(http.serve(sockets=[opened]))
        asked = asyncio.create_task(told.wait())
        try:
            await asyncio.wait({serving, asked}, return_when=asyncio.FIRST_COMPLETED)
            http.should_exit = True
            await serving
        except OSError as error:
            raise http_port(settings.port).is_refused(settings.host, error) from error
        finally:
            asked.cancel()
