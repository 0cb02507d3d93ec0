"""Opening the services of a process."""

from datetime import timedelta
from typing import TYPE_CHECKING

from shared.core import Core
from shared.events.wakeups import Wakeups
from shared.settings import Settings
from shared.store import PooledConnections, SingleConnection, Store
from shared.tenants.key_cache import KeyCache

if TYPE_CHECKING:
    from redis.asyncio import Redis


async def open_core(settings: Settings) -> Core:
    """The services of a long-lived process: a pool, and a listener for wake-ups from other processes."""
    redis = open_redis(settings)
    store = Store(await PooledConnections.open(settings), statement_timeout_ms=settings.statement_timeout_ms)
    key_cache = KeyCache(timedelta(seconds=settings.key_cache_seconds))
    return Core(settings, store, Wakeups(redis, key_cache.forget), key_cache=key_cache)


async def open_serverless_core() -> Core:
    """The services of one Lambda environment: one connection and no background work."""
    settings = Settings.from_environment()
    store = Store(SingleConnection(settings), statement_timeout_ms=settings.statement_timeout_ms)
    return Core(settings, store, Wakeups())


def open_redis(settings: Settings) -> "Redis | None":
    """A Redis client, or None when the service runs without."""
    if settings.redis_url in {"", "none"}:
        return None
    from redis.asyncio import Redis  # noqa: PLC0415 - 80 ms of import, only where Redis is in use

    return Redis.from_url(settings.redis_url, socket_connect_timeout=1, socket_timeout=None)
