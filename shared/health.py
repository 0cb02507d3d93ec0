"""Whether the service is well."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared.beats import Beat, read_beats
from shared.core import Core
from shared.errors import SpooledError
from shared.store import SYSTEM, load_queries
from shared.store.faults import SchemaBehindError
from shared.store.migrate import known_migrations
from shared.version import VERSION

QUERIES = load_queries(__file__)


async def check_health(core: Core, now: datetime) -> dict[str, Any]:
    """The state of the database and the cache, and the timers that stand still.

    A service that runs without Redis has a healthy cache.
    """
    beats = await _beats(core)
    cache = await core.wakeups.outgoing.reaches_redis()
    database = beats is not None
    silent = [beat.name for beat in beats or () if beat.is_silent(now)]
    return {
        "status": "healthy" if database and cache and not silent else "degraded",
        "version": VERSION,
        "database": database,
        "cache": cache,
        "silent_timers": silent,
        "uptime_seconds": int((now - core.started_at).total_seconds()),
    }


async def told_health(core: Core, now: datetime) -> dict[str, Any]:
    """The same for those who watch, with the instant that every event has."""
    return {**await check_health(core, now), "timestamp": now}


async def _beats(core: Core) -> Sequence[Beat] | None:
    """None when no statement gets through to the database."""
    try:
        return await read_beats(core)
    except SpooledError:
        return None


async def require_database(core: Core) -> None:
    """Raise UnavailableError when no statement gets through, or the schema is that of an older release.

    One of a later release will do: this program is on its way out then.
    """
    (row,) = await core.store.fetch(SYSTEM, QUERIES["missing"], known=[*known_migrations()])
    if row["names"]:
        raise SchemaBehindError
