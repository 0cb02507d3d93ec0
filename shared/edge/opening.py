"""Opening the services of a process."""

from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

from shared.clock import Clock, system_clock
from shared.core import Core
from shared.edge.secrets import read_settings
from shared.events.shared_outgoing import LivingOutgoing, SharedOutgoing
from shared.events.shared_wakeups import FrozenWakeups, LivingWakeups
from shared.events.wakeups import Wakeups
from shared.health import told_health
from shared.limits.fair import Fair
from shared.limits.open_streams import OpenStreams
from shared.limits.rates import RateLimiter
from shared.live import Hub, RedisLines
from shared.queues.stats import figures_of
from shared.settings import Settings
from shared.store import Connections, PooledConnections, SingleConnection, Store
from shared.tenants.key_cache import KeyCache

if TYPE_CHECKING:
    from redis.asyncio import Redis

_PATIENCE_SECONDS = 0.2
"""The longest that a request waits for Redis."""
_BACKGROUND_PATIENCE_SECONDS = 1.0


async def open_core(settings: Settings, clock: Clock = system_clock) -> Core:
    """The services of a long-lived process: a pool, a listener for wake-ups, and the hub of live events."""
    connections = await PooledConnections.open(settings)
    key_cache = KeyCache(timedelta(seconds=settings.key_cache_seconds))

    def forget_keys(org_id: int | None) -> None:
        key_cache.forget(org_id)
        hub.credentials_changed(org_id)
        streams.stir(org_id)
        wakeups.stir(org_id)

    wakeups, rates, streams, lines = Wakeups(forget_keys), RateLimiter(), OpenStreams(), None
    if settings.redis_is_used:
        client = partial(open_redis, settings)
        listener = partial(client, is_listener=True)
        outgoing = LivingOutgoing(client, patience_seconds=_BACKGROUND_PATIENCE_SECONDS)
        wakeups = LivingWakeups(outgoing, listener, forget_keys)
        rates = RateLimiter(partial(client, _PATIENCE_SECONDS))
        streams = OpenStreams(partial(client, _PATIENCE_SECONDS))
        lines = RedisLines(partial(client, _BACKGROUND_PATIENCE_SECONDS), listener)
    store = _store(settings, connections, wakeups)
    hub = Hub(
        store,
        lambda queues: figures_of(core, queues, core.clock()),
        lambda: told_health(core, core.clock()),
        redis=lines,
        clock=clock,
    )
    wakeups.outgoing.listen(hub.happened_here)
    core = Core(
        settings,
        store,
        wakeups,
        clock,
        key_cache=key_cache,
        rates=rates,
        streams=streams,
        fair=Fair(is_strained=connections.are_short),
        hub=hub,
    )
    return core


async def open_serverless_core() -> Core:
    """The services of one Lambda environment: one connection and no background work."""
    settings = read_settings()
    connection = SingleConnection(settings, read_again=partial(read_settings, anew=True))
    if not settings.redis_is_used:
        alone = Wakeups()
        return Core(settings, _store(settings, connection, alone), alone)
    # One line for all that asks Redis, opened by the first request that needs it.
    client = cache(partial(open_redis, settings, _PATIENCE_SECONDS))
    outgoing = SharedOutgoing(client, patience_seconds=_PATIENCE_SECONDS)
    wakeups = FrozenWakeups(outgoing, partial(open_redis, settings, is_listener=True))
    store = _store(settings, connection, wakeups)
    return Core(settings, store, wakeups, rates=RateLimiter(client, in_chunks=False))


def _store(settings: Settings, connections: Connections, wakeups: Wakeups) -> Store:
    """Whose committed changes are passed on."""
    return Store(
        connections,
        statement_timeout_ms=settings.statement_timeout_ms,
        pass_on=wakeups.outgoing.happened,
    )


def open_redis(
    settings: Settings, timeout_seconds: float | None = None, *, is_listener: bool = False
) -> "Redis":
    """A Redis client, which connects when it is used. The timeout is for each answer."""
    from redis import ConnectionError as ClosedError  # noqa: PLC0415 - as below
    from redis.asyncio import Redis  # noqa: PLC0415 - 80 ms of import, only where Redis is in use
    from redis.asyncio.retry import Retry  # noqa: PLC0415 - as above
    from redis.backoff import NoBackoff  # noqa: PLC0415 - as above

    return Redis.from_url(
        settings.redis_url,
        socket_connect_timeout=timeout_seconds or 1,
        socket_timeout=timeout_seconds,
        # The server closed a line that was idle or frozen. To ask twice may cost a token or wake in vain.
        # A listener has to know of it instead: what was said in between is lost.
        retry=Retry(NoBackoff(), 0 if is_listener else 1, supported_errors=(ClosedError,)),
    )
