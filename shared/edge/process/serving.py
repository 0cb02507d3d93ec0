"""The life of a process that listens, once all it stands on is there."""

from collections.abc import Callable
from socket import socket

from starlette.types import ASGIApp

from shared.edge.process.ending import Ending
from shared.edge.process.http import serving_http
from shared.settings import Settings


async def serve(
    application: ASGIApp, settings: Settings, opened: socket, ending: Ending, *, ready: Callable[[], None]
) -> None:
    """Serve on the claimed port until the process is asked to end. Raises StartError when it is taken.

    ready: called once requests are let in.
    """
    with ending.told() as told:
        async with serving_http(application, settings, opened):
            ready()
            await told.wait()
