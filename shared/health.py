"""Whether the service is well."""

from datetime import datetime
from typing import Any

from shared.core import Core
from shared.errors import SpooledError
from shared.store import SYSTEM, load_queries
from shared.version import VERSION

QUERIES = load_queries(__file__)


async def check_health(core: Core, now: datetime) -> dict[str, Any]:
    """The state of the database and the cache; a service that runs without Redis has a healthy cache."""
    database = await database_answers(core)
    cache = await core.wakeups.outgoing.reaches_redis()
    return {
        "status": "healthy" if database and cache else "degraded",
        "version": VERSION,
        "database": database,
        "cache": cache,
        "uptime_seconds": int((now - core.started_at).total_seconds()),
    }


async def told_health(core: Core, now: datetime) -> dict[str, Any]:
    """The same for those who watch, with the instant that every event has."""
    return {**await check_health(core, now), "timestamp": now}


async def database_answers(core: Core) -> bool:
    """Whether a statement gets through to the database."""
    try:
        await core.store.fetch(SYSTEM, QUERIES["ping"])
    except SpooledError:
        return False
    return True


async def require_database(core: Core) -> None:
    """Raise UnavailableError when no statement gets through."""
    await core.store.fetch(SYSTEM, QUERIES["ping"])
