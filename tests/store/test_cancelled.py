"""A task that is cancelled while the database works for it leaves nothing behind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import psycopg
import pytest

from shared.settings import Settings
from shared.store import SYSTEM, PooledConnections, Query, SingleConnection, Store

NAP = Query("nap", "SELECT pg_sleep(60)", hot=False)
ONE = Query("one", "SELECT 1 AS one", hot=False)
LOCK = Query("lock", "SELECT pg_advisory_xact_lock(4711)", hot=False)
TRY_LOCK = Query("try_lock", "SELECT pg_try_advisory_xact_lock(4711) AS free", hot=False)
PATIENCE = 10.0


@pytest.fixture(params=["pool", "single"])
async def store(request: pytest.FixtureRequest, settings: Settings) -> AsyncIterator[Store]:
    """One connection, from a pool or as in Lambda: the next caller gets what the last one left."""
    alone = settings.model_copy(update={"database_pool_size": 1})
    connections = await PooledConnections.open(alone) if request.param == "pool" else SingleConnection(alone)
    yield (opened := Store(connections, statement_timeout_ms=alone.statement_timeout_ms))
    await opened.close()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not await condition():  # noqa: ASYNC110  the server tells nobody
            await asyncio.sleep(0.01)


async def napping(database_url: str) -> bool:
    """Whether the database is still at work for somebody who may have gone."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as watcher:
        cursor = await watcher.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle'"
            " AND query LIKE '%%pg_sleep(60)%%' AND pid <> pg_backend_pid()"
        )
        return (await cursor.fetchone() or (0,))[0] > 0


async def cancelled_at_work(work: Awaitable[object], database_url: str) -> None:
    """Start the work, wait until the database is at it, and cancel."""
    task = asyncio.ensure_future(work)
    await until(lambda: napping(database_url))
    task.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.wait_for(task, PATIENCE)
    assert task.cancelled()


async def test_a_statement_is_stopped_with_its_task(store: Store, database_url: str) -> None:
    """The statement ends on the server too, and the connection serves the next caller."""
    await cancelled_at_work(store.fetch(SYSTEM, NAP), database_url)

    assert not await napping(database_url)
    assert await asyncio.wait_for(store.fetch(SYSTEM, ONE), PATIENCE) == [{"one": 1}]


async def test_a_transaction_is_undone_with_its_task(store: Store, database_url: str) -> None:
    """What a cancelled transaction held is free again for the next one."""

    async def held() -> None:
        async with store.transaction(SYSTEM) as transaction:
            await transaction.fetch(LOCK)
            await transaction.fetch(NAP)

    await cancelled_at_work(held(), database_url)

    async with await psycopg.AsyncConnection.connect(database_url) as other:
        cursor = await other.execute("SELECT pg_try_advisory_xact_lock(4711)")
        assert await cursor.fetchone() == (True,)
    assert await asyncio.wait_for(store.fetch(SYSTEM, TRY_LOCK), PATIENCE) == [{"free": True}]


async def test_a_transaction_cancelled_between_statements_is_undone(store: Store, database_url: str) -> None:
    """A task that is cancelled while it waits for something else gives its transaction up as well."""
    entered = asyncio.Event()

    async def held() -> None:
        async with store.transaction(SYSTEM) as transaction:
            await transaction.fetch(LOCK)
            entered.set()
            await asyncio.Event().wait()

    task = asyncio.ensure_future(held())
    await asyncio.wait_for(entered.wait(), PATIENCE)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task

    async with await psycopg.AsyncConnection.connect(database_url) as other:
        cursor = await other.execute("SELECT pg_try_advisory_xact_lock(4711)")
        assert await cursor.fetchone() == (True,)


@pytest.mark.parametrize("turns", range(4))
async def test_a_task_is_cancelled_though_its_turn_has_come(store: Store, turns: int) -> None:
    """Who waits for a connection and is told to end, just when it gets one, ends, and the next has it."""
    async with store.transaction(SYSTEM) as transaction:
        task = asyncio.ensure_future(store.fetch(SYSTEM, NAP))
        await transaction.fetch(ONE)
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=PATIENCE)

    assert [ended.cancelled() for ended in done] == [True]
    assert await asyncio.wait_for(store.fetch(SYSTEM, ONE), PATIENCE) == [{"one": 1}]


async def test_a_flood_of_cancelled_statements_leaves_a_sound_connection(store: Store) -> None:
    """At whatever instant the cancellation falls, no answer is ever another statement's."""
    numbers = Query("numbers", "SELECT %(n)s::integer AS n", hot=False)
    for turn in range(150):
        task = asyncio.ensure_future(store.fetch(SYSTEM, numbers, n=-1))
        for _ in range(turn % 30):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert await asyncio.wait_for(store.fetch(SYSTEM, numbers, n=turn), PATIENCE) == [{"n": turn}]
