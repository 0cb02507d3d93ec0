"""Opening what the doctor looks at: what can be reached with the settings of this machine."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial

from pydantic import ValidationError

from shared.clock import Clock, system_clock
from shared.core import Core
from shared.doctor.installation import Ask, Installation
from shared.edge.opening import open_redis
from shared.edge.process.start import faults_of
from shared.events.wakeups import Wakeups
from shared.settings import Settings
from shared.store import SingleConnection, Store

_STATEMENT_MS = 3_000
_REDIS_SECONDS = 2.0
_REACHED_BY = ("database_url", "owner_database_url", "redis_url", "connect_timeout_seconds")


@asynccontextmanager
async def open_installation(
    environment: Mapping[str, str],
    *,
    timers: Mapping[str, int],
    url: str = "",
    ask: Ask | None = None,
    has_key: bool = False,
    clock: Clock = system_clock,
) -> AsyncIterator[Installation]:
    """The installation that the environment names; nothing is connected to until it is looked at.

    Settings that the service would not start with do not keep the doctor from looking at the others.
    """
    settings, faults = _read(environment)
    reach = settings or _some(environment)
    core, owner = (_core(reach, found, clock) for found in (reach.database_url, reach.owner_database_url))
    try:
        yield Installation(
            environment,
            settings,
            faults,
            core,
            owner,
            partial(open_redis, reach, _REDIS_SECONDS) if reach.redis_is_used else None,
            timers,
            url,
            ask,
            has_key,
            clock,
        )
    finally:
        for opened in filter(None, (core, owner)):
            await opened.close()


def _core(settings: Settings, database_url: str, clock: Clock) -> Core | None:
    if not database_url:
        return None
    connection = SingleConnection(settings.model_copy(update={"database_url": database_url}))
    return Core(settings, Store(connection, statement_timeout_ms=_STATEMENT_MS), Wakeups(), clock)


def _read(environment: Mapping[str, str]) -> tuple[Settings | None, list[tuple[str, str]]]:
    try:
        return Settings.from_environment(environment), []
    except ValidationError as error:
        return None, faults_of(error)


def _some(environment: Mapping[str, str]) -> Settings:
    """Of settings that cannot be read, those that say where the servers are and are sound by themselves."""
    found = Settings(spooled_env="development")
    for name in _REACHED_BY:
        try:
            read = Settings.from_environment(
                {"SPOOLED_ENV": "development", name.upper(): environment.get(name.upper(), "")}
            )
        except ValidationError:
            continue
        found = found.model_copy(update={name: getattr(read, name)})
    return found
