"""Live events as a test sees them: hubs over real servers, and happenings without a change behind them."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson
import psycopg
from redis.asyncio import Redis

from shared.edge.opening import open_redis
from shared.events.channel import stream_of
from shared.live import Hub, LiveEvent, RedisLines, Watch
from shared.settings import Settings
from shared.store import PooledConnections, Store
from tests.support.until import until

_LONGEST_SECONDS = 60
"""The database shows nothing to those who poll while any transaction on the server runs that began before."""
_LONGEST_WAIT_SECONDS = 240.0
"""Some tests fill tables in one transaction, which takes minutes on a slow machine."""
_PATIENCE_SECONDS = 30.0
"""A busy machine that runs tests is late; Redis is away in a test that cuts the line, and in no other."""
ADD_ORGANIZATION = (
    "INSERT INTO organization (name, slug, plan_tier, created_at, updated_at)"
    " VALUES ('Live', %s, 'enterprise', now(), now()) RETURNING org_id"
)
IS_SETTLED = "SELECT max(xact) < pg_snapshot_xmin(pg_current_snapshot()) FROM happening WHERE org_id = %s"
KEEP = "INSERT INTO happening (org_id, told_at, names, item) VALUES (%s, now(), %s, %s)"


@asynccontextmanager
async def opened_hub(settings: Settings, **options: Any) -> AsyncIterator[Hub]:
    """A hub of its own process, as it were: it shares nothing with others but the servers."""
    store = Store(await PooledConnections.open(settings), statement_timeout_ms=settings.statement_timeout_ms)
    asking = partial(open_redis, settings, _PATIENCE_SECONDS)
    waiting = partial(open_redis, settings, is_listener=True)
    lines = RedisLines(asking, waiting, _PATIENCE_SECONDS) if settings.redis_is_used else None

    async def no_figures(queues: Sequence[tuple[int, str]]) -> list[dict[str, Any]]:
        return [{"queue_name": queue} for _, queue in queues]

    async def no_health() -> dict[str, Any]:
        return {"status": "healthy"}

    hub = Hub(store, **{"figures": no_figures, "health": no_health, "redis": lines} | options)
    try:
        yield hub
    finally:
        await hub.close()
        await store.close()


@dataclass
class Teller:
    """Tells of what never happened, as a process does that committed a change."""

    org_id: int
    redis: Redis
    database: psycopg.AsyncConnection[Any]
    told: int = 0

    async def tell(self, *names: str, **item: Any) -> str:
        """Through Redis; the id of the entry."""
        self.told += 1
        told_at = datetime.now(UTC).isoformat()
        entry = {"n": orjson.dumps(names), "d": orjson.dumps(self._item(item)), "a": told_at}
        entry_id = await self.redis.xadd(stream_of(self.org_id), entry)  # type: ignore[arg-type]
        return str(entry_id.decode())

    async def tell_many(self, count: int, *names: str, **item: Any) -> None:
        """The same many times in one round trip."""
        entry = {"n": orjson.dumps(names), "d": orjson.dumps(self._item(item)), "a": "2026-01-01T00:00:00Z"}
        pipeline = self.redis.pipeline(transaction=False)
        for _ in range(count):
            pipeline.xadd(stream_of(self.org_id), entry)  # type: ignore[arg-type]
        await pipeline.execute()

    async def keep(self, *names: str, **item: Any) -> None:
        """Through the database."""
        self.told += 1
        await self.database.execute(KEEP, (self.org_id, list(names), orjson.dumps(self._item(item)).decode()))

    async def until_settled(self) -> None:
        """Until no transaction of the server, of whatever test, is as old as what was kept last."""
        await until_settled(self.database, self.org_id)

    def _item(self, item: dict[str, Any]) -> dict[str, Any]:
        facts = {"job_id": f"job_{self.told}", "queue_name": "emails", "status": "pending"}
        return facts | {"previous_status": "processing", "error": "broken", "priority": self.told} | item


async def until_settled(database: psycopg.AsyncConnection[Any], org_id: int) -> None:
    """Until no transaction of the server, of whatever test, is as old as what was kept last."""

    async def is_settled() -> bool:
        row = await (await database.execute(IS_SETTLED, (org_id,))).fetchone()
        return row == (True,)

    await until(is_settled, _LONGEST_WAIT_SECONDS)


@asynccontextmanager
async def new_teller(settings: Settings) -> AsyncIterator[Teller]:
    """One for a new organization."""
    redis = Redis.from_url(settings.redis_url)
    async with await psycopg.AsyncConnection.connect(settings.database_url, autocommit=True) as database:
        row = await (await database.execute(ADD_ORGANIZATION, (f"live-{uuid.uuid4().hex}",))).fetchone()
        assert row is not None
        yield Teller(row[0], redis, database)
    await redis.aclose()


@asynccontextmanager
async def held_up(hub: Hub, teller: Teller) -> AsyncIterator[None]:
    """In this block the process reads nothing from Redis."""
    is_held, go_on = asyncio.Event(), asyncio.Event()
    streams = hub._streams
    assert streams is not None
    step = streams._step

    async def held(redis: Redis) -> None:
        is_held.set()
        await go_on.wait()
        await step(redis)

    streams._step = held  # type: ignore[method-assign]
    await teller.redis.xadd(streams._poke, {"p": "1"})
    await is_held.wait()
    try:
        yield
    finally:
        streams._step = step  # type: ignore[method-assign]
        go_on.set()


async def read(watch: Watch, count: int, after: str | None = None) -> list[LiveEvent]:
    """The next so many events, or a few more, without those that are worked out."""
    found: list[LiveEvent] = []
    async with asyncio.timeout(_LONGEST_SECONDS), aclosing(watch.follow(after)) as batches:
        async for batch in batches:
            found += [event for event in batch if event.type not in {"SystemHealth", "QueueStats"}]
            if len(found) >= count:
                break
    return found
