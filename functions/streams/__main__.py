"""The container of the cloud: live events and gRPC, with health beside them, until it is told to end.

The functions serve the API; the deployment brings the schema up to date, and the timers are functions too.
"""

import asyncio
import os
import sys

import uvloop

from functions.health import health, live, metrics, ready
from functions.streams.app import every_method, every_stream
from shared.core import Core
from shared.edge.opening import open_core
from shared.edge.process.ending import Ending
from shared.edge.process.errors import StartError
from shared.edge.process.serving import Listeners, claimed_listeners, serve
from shared.edge.process.start import exit_code_of, read_or_refuse
from shared.edge.service import Service
from shared.edge.streaming import Streaming
from shared.settings import DEVELOPMENT_SECRET, Settings

HEALTH = (health.endpoint, live.endpoint, ready.endpoint, metrics.endpoint)


def run() -> None:
    """Serve with the settings of the environment. Raises StartError when that cannot be."""
    ending = Ending()
    settings = read_or_refuse(os.environ)
    _require_servers(settings)
    with (
        claimed_listeners(settings) as listeners,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_serve(settings, listeners, ending))


def _require_servers(settings: Settings) -> None:
    if not settings.database_url:
        raise StartError("DATABASE_URL must be set: the database of the functions.")
    if settings.secret_key == DEVELOPMENT_SECRET:
        raise StartError("SECRET_KEY must be set: that of the functions, or no key of theirs is known here.")


async def _serve(settings: Settings, listeners: Listeners, ending: Ending) -> None:
    core = await open_core(settings)

    async def opened_core() -> Core:
        return core

    def say_so() -> None:
        sys.stdout.write(f"Spooled is ready: events on {listeners.url}, gRPC on {listeners.grpc_address}.\n")
        sys.stdout.flush()

    service = Service(HEALTH, opened_core, Streaming(every_stream()))
    try:
        await serve(core, service, every_method(), listeners, ending, ready=say_so)
    finally:
        await core.close()


if __name__ == "__main__":
    sys.exit(exit_code_of(run))
