"""One run of the service on this machine: its servers, the schema, the functions and the timers."""

import asyncio
import logging
from collections.abc import Mapping
from functools import partial

import psycopg
import uvloop

from functions.app import every_function
from functions.streams.app import every_method, every_stream
from localstack.foreground import Run, beside, foreground
from localstack.greeting import greet
from localstack.timers import run_timers
from shared.core import Core
from shared.edge.opening import open_core
from shared.edge.process.errors import StartError
from shared.edge.process.serving import Listeners, claimed_listeners, serve
from shared.edge.service import Service
from shared.edge.streaming import Streaming
from shared.mail.send import logger as mail_logger
from shared.store.migrate import MigrationError, migrate


def run_local(environment: Mapping[str, str]) -> None:
    """Serve until asked to end. Everything started here has ended when this returns or raises."""
    with (
        foreground(environment, claimed_listeners) as run,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(_serve(run))


async def _serve(run: Run[Listeners]) -> None:
    settings = run.settings
    try:
        await migrate(settings.database_url)
    except (psycopg.Error, MigrationError) as error:
        raise StartError(f"The database (DATABASE_URL) cannot be brought up to date: {error}") from error
    endpoints, ticks = every_function()
    core = await open_core(settings)
    if settings.development and not settings.smtp_url:
        show_mail()

    async def opened_core() -> Core:
        return core

    service = Service(endpoints, opened_core, Streaming(every_stream()))
    try:
        async with beside(run_timers(core, ticks)):
            await serve(core, service, every_method(), run.listeners, run.ending, ready=partial(_greet, run))
    finally:
        await core.close()


def _greet(run: Run[Listeners]) -> None:
    greet(run.listeners.url, run.home, f"  gRPC           {run.listeners.grpc_address}\n")


def show_mail() -> None:
    """Mail that goes to the log is for reading there, though nothing else of its level is shown."""
    mail_logger.addHandler(logging.StreamHandler())
    mail_logger.setLevel(logging.INFO)
