"""A migration changes what statements give that connections have prepared: no request is refused for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from shared.settings import Settings
from shared.store import SYSTEM, PooledConnections, Query, SingleConnection, Statement, Store

CONNECTIONS = 8
ASKED = Query("asked", "SELECT changing.*, pg_backend_pid() AS pid FROM changing", hot=True)


@asynccontextmanager
async def opened(settings: Settings, url: str, kind: str) -> AsyncIterator[Store]:
    own = settings.model_copy(update={"database_url": url, "database_pool_size": CONNECTIONS})
    connections = await PooledConnections.open(own) if kind == "pool" else SingleConnection(own)
    store = Store(connections, statement_timeout_ms=10_000)
    yield store
    await store.close()


async def at_once(store: Store, count: int) -> set[int]:
    """Have as many connections ask at the same time; the processes of the server that answered."""
    all_are_there = asyncio.Barrier(count)

    async def ask() -> int:
        async with store.transaction(SYSTEM, hot=True) as transaction:
            await all_are_there.wait()
            (row,) = await transaction.fetch(ASKED)
            return int(row["pid"])

    return {*await asyncio.gather(*[ask() for _ in range(count)])}


@pytest.mark.parametrize("quick", [False, True], ids=["alone", "together"])
@pytest.mark.parametrize("kind", ["pool", "single"])
async def test_requests_go_on_when_a_column_is_added(
    settings: Settings, own_url: str, kind: str, *, quick: bool
) -> None:
    """Where all connections of a process have the old plan, more than a statement has tries."""
    async with (
        await psycopg.AsyncConnection.connect(own_url, autocommit=True) as owner,
        opened(settings, own_url, kind) as store,
    ):
        await owner.execute(
            "DROP TABLE IF EXISTS changing; CREATE TABLE changing (n integer);"
            "INSERT INTO changing VALUES (1); GRANT SELECT ON changing TO spooled_system"
        )
        asked = [Statement(ASKED, {})]
        count = CONNECTIONS if kind == "pool" else 1
        processes = await at_once(store, count)
        await owner.execute("ALTER TABLE changing ADD COLUMN more text")

        first = await store.fetch_each(SYSTEM, asked, quick=quick)
        others = await asyncio.gather(
            *[store.fetch_each(SYSTEM, asked, quick=quick) for _ in range(CONNECTIONS)]
        )

    assert len(processes) == count
    assert all("more" in row for ((row,),) in [first, *others])
