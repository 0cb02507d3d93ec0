"""A network that swallows everything, under the pool of a process: each request is told in its time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from shared.errors import UnavailableError
from shared.settings import Settings
from shared.store import SYSTEM, PooledConnections, Query, Statement, Store
from shared.store import store as store_module
from tests.support.line import Line, line_to

NUMBER = Query("number", "SELECT %(n)s::bigint AS n", hot=True)
MANY = 40
CONNECTIONS = 5
TIMEOUT_MS = 300
LONG_SECONDS = 8.0
"""Longer than any statement may take here, and shorter than as many of them as go in a message."""


@pytest.fixture
async def line(settings: Settings) -> AsyncIterator[Line]:
    async with line_to(settings.database_url) as opened:
        yield opened


@pytest.fixture
async def store(settings: Settings, line: Line, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    """Its statements may take 0.3 seconds, and nobody believes in one 0.3 seconds later."""
    monkeypatch.setattr(store_module, "_GRACE_SECONDS", TIMEOUT_MS / 1000)
    changes = {"database_url": line.url, "database_pool_size": CONNECTIONS}
    pool = await PooledConnections.open(settings.model_copy(update=changes))
    opened = Store(pool, statement_timeout_ms=TIMEOUT_MS)
    yield opened
    await opened.close()


async def number(store: Store, n: int) -> int:
    ((row,),) = await store.fetch_each(SYSTEM, [Statement(NUMBER, {"n": n})], quick=True)
    return int(row["n"])


async def test_those_who_travel_together_wait_no_longer_than_one(store: Store, line: Line) -> None:
    """All of a message are told in the time of one statement that the database is away, not of all."""
    async with AsyncExitStack() as at_once:
        for _ in range(CONNECTIONS):
            await at_once.enter_async_context(store.transaction(SYSTEM))
    assert line.opened == CONNECTIONS
    line.go_mute()

    async with asyncio.timeout(LONG_SECONDS):
        told = await asyncio.gather(*(number(store, n) for n in range(MANY)), return_exceptions=True)

    # Who came last may have had a new connection.
    assert {type(answer) for answer in told} <= {UnavailableError, int}
    assert UnavailableError in {type(answer) for answer in told}
    assert await number(store, 7) == 7


@pytest.mark.parametrize("count", [1, 5])
async def test_a_lone_transaction_waits_for_as_long_as_its_statements_may_take(
    store: Store, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes alone is given up after the time of its statements and the grace, once."""
    given_up: list[float] = []
    original = store_module.hung_up_after
    monkeypatch.setattr(
        store_module,
        "hung_up_after",
        lambda connection, seconds: (given_up.append(seconds), original(connection, seconds))[1],
    )

    await store.fetch_each(SYSTEM, [Statement(NUMBER, {"n": n}) for n in range(count)])

    assert given_up == [pytest.approx(count * TIMEOUT_MS / 1000 + TIMEOUT_MS / 1000)]
