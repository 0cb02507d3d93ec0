"""Opening the services of a process."""

from datetime import timedelta
from typing import TYPE_CHECKING

from shared.core import Core
from shared.edge.secrets import read_settings
from shared.events.wakeups import Wakeups
from shared.limits.rates import RateLimiter
from shared.settings import Settings
from shared.store import PooledConnections, SingleConnection, Store
from shared.tenants.key_cache import KeyCache

if TYPE_CHECKING:
    from redis.asyncio import Redis

_RATES_TIMEOUT_SECONDS = 0.2


async def open_core(settings: Settings) -> Core:
    """The services of a long-lived process: a pool, and a listener for wake-ups from other processes."""
    redis = open_redis(settings)
    store = Store(await PooledConnections.open(settings), statement_timeout_ms=settings.statement_timeout_ms)
    key_cache = KeyCache(timedelta(seconds=settings.key_cache_seconds))
    wakeups = Wakeups(redis, key_cache.forget)
    return Core(settings, store, wakeups, key_cache=key_cache, rates=_open_rates(settings))


async def open_serverless_core() -> Core:
    """The services of one Lambda environment: one connection and no background work."""
    settings = read_settings()
    store = Store(SingleConnection(settings), statement_timeout_ms=settings.statement_timeout_ms)
    return Core(settings, store, Wakeups(), rates=_open_rates(settings, in_chunks=False))


def _open_rates(settings: Settings, *, in_chunks: bool = True) -> RateLimiter:
    """Connects at the first request of a limited organization, and waits for no answer that is late."""
    return RateLimiter(lambda: open_redis(settings, _RATES_TIMEOUT_SECONDS), in_chunks=in_chunks)


def open_redis(settings: Settings, timeout_seconds: float | None = None) -> "Redis | None":
    """A Redis client, or None when the service runs without. The timeout is for each answer."""
    if settings.redis_url in {"", "none"}:
        return None
    from redis import ConnectionError as ClosedError  # noqa: PLC0415 - as below
    from redis.asyncio import Redis  # noqa: PLC0415 - 80 ms of import, only where Redis is in use
    from redis.asyncio.retry import Retry  # noqa: PLC0415 - as above
    from redis.backoff import NoBackoff  # noqa: PLC0415 - as above

    return Redis.from_url(
        settings.redis_url,
        socket_connect_timeout=timeout_seconds or 1,
        socket_timeout=timeout_seconds,
        # The server closed a line that was idle or frozen. To ask twice may cost a token or wake in vain.
        retry=Retry(NoBackoff(), 1, supported_errors=(ClosedError,)),
    )
