"""Transactions that travel in one message: each is what it would be by itself."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg
import pytest

from shared.errors import InvalidInputError, UnavailableError
from shared.settings import Settings
from shared.store import (
    SYSTEM,
    PooledConnections,
    Query,
    Scope,
    SingleConnection,
    Statement,
    Store,
    tenant,
)
from shared.store.connections import connect
from shared.store.faults import UniqueViolationError
from shared.store.group_commit import commit_together

PATIENCE = 20.0
WAIT = Query(
    "wait", "SELECT pg_advisory_xact_lock(4712) IS NULL AS waited, pg_backend_pid() AS pid", hot=True
)
PUT = Query(
    "put",
    "INSERT INTO group_check (n, who) VALUES (%(n)s::bigint, current_setting('spooled.org_id'))"
    " RETURNING n, who, current_user AS role, pg_backend_pid() AS pid",
    hot=True,
)
SEEN = Query("seen", "SELECT n FROM group_check ORDER BY n", hot=True)
COUNT = Query("count", "SELECT n, count(*) AS count FROM group_check GROUP BY n", hot=False)
DIVIDE = Query("divide", "SELECT 1 / %(n)s::bigint AS result", hot=True)
LATE = Query(
    "late",
    "INSERT INTO group_check VALUES (%(n)s::bigint, current_setting('spooled.org_id'), 1)",
    hot=True,
)
LOCK_ROW = Query("lock_row", "SELECT n FROM group_check WHERE n = 0 FOR UPDATE", hot=True)
ECHO = Query("echo", "SELECT %(text)s::text AS text", hot=True)
WRITTEN = Query("written", "SELECT pg_current_wal_insert_lsn()::text AS place", hot=True)
DIE = Query("die", "SELECT die()", hot=True)


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """The owner's connection, and a table of which each organization sees its own rows."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as owner:
        await owner.execute(
            "CREATE TABLE group_check"
            " (n bigint, who text DEFAULT '', late integer UNIQUE DEFERRABLE INITIALLY DEFERRED)"
        )
        await owner.execute("INSERT INTO group_check VALUES (0, '0', 1)")
        await owner.execute("ALTER TABLE group_check ENABLE ROW LEVEL SECURITY")
        await owner.execute(
            "CREATE POLICY own ON group_check TO spooled_app USING (who = current_setting('spooled.org_id'))"
        )
        await owner.execute("CREATE POLICY every ON group_check TO spooled_system USING (true)")
        await owner.execute("GRANT ALL ON group_check TO spooled_app, spooled_system")
        await owner.execute(
            "CREATE FUNCTION die() RETURNS boolean LANGUAGE sql SECURITY DEFINER"
            " AS 'SELECT pg_terminate_backend(pg_backend_pid())'"
        )
        yield owner
        await owner.execute("DROP TABLE group_check; DROP FUNCTION die")


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Store]:
    # The servers of tests wait for no disk.
    waiting = {"database_url": f"{settings.database_url}?options=-csynchronous_commit%3Don"}
    opened = Store(
        await PooledConnections.open(settings.model_copy(update=waiting)), statement_timeout_ms=10_000
    )
    yield opened
    await opened.close()


def quick(store: Store, scope: Scope, query: Query, **parameters: Any) -> Awaitable[list[list[Any]]]:
    return store.fetch_each(scope, [Statement(query, parameters)], quick=True)


@asynccontextmanager
async def all_places_taken(store: Store, owner: psycopg.AsyncConnection[Any]) -> AsyncIterator[None]:
    """Those who come meanwhile go together: two who wait for a lock are under way."""
    async with owner.transaction():
        await owner.execute("SELECT pg_advisory_xact_lock(4712)")
        waiting = [asyncio.ensure_future(quick(store, SYSTEM, WAIT)) for _ in range(2)]
        await asyncio.sleep(0)
        yield
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*waiting)


async def together(
    store: Store, owner: psycopg.AsyncConnection[Any], *all_asked: Awaitable[Any]
) -> list[Any]:
    """What becomes of each, exceptions too."""
    async with all_places_taken(store, owner), asyncio.timeout(PATIENCE):
        return await asyncio.gather(*all_asked, return_exceptions=True)


async def test_each_has_its_own_role_and_organization(
    store: Store, owner: psycopg.AsyncConnection[Any]
) -> None:
    """They go over one connection, one after the other, and none sees another organization's rows."""
    scopes = [tenant(1), tenant(2), SYSTEM, tenant(3)]
    puts = [quick(store, scope, PUT, n=n) for n, scope in enumerate(scopes, 1)]

    done = [rows[0] for (rows,) in await together(store, owner, *puts)]
    seen = await together(store, owner, *[quick(store, scope, SEEN) for scope in scopes])

    assert [row["n"] for row in done] == [1, 2, 3, 4]
    assert [row["who"] for row in done] == ["1", "2", "0", "3"]
    assert [row["role"] for row in done] == [scope.role for scope in scopes]
    assert len({row["pid"] for row in done}) == 1
    assert [[row["n"] for row in rows] for (rows,) in seen] == [[1], [2], [0, 1, 2, 3, 4], [4]]


@pytest.mark.parametrize(
    ("failing", "error"),
    [
        (Statement(DIVIDE, {"n": 0}), InvalidInputError),
        (Statement(LATE, {"n": 9}), UniqueViolationError),
        (Statement(ECHO, {"text": "half of a pair: \ud800"}), UnicodeEncodeError),
    ],
    ids=["a statement", "the commit", "never sent"],
)
async def test_one_that_fails_is_refused_alone(
    store: Store, owner: psycopg.AsyncConnection[Any], failing: Statement, error: type[Exception]
) -> None:
    """Those before it and those behind it are done, once, and it has its own error."""
    for turn in range(3):  # prepared by then
        first, last = 10 * turn + 1, 10 * turn + 2
        before, failed, behind = await together(
            store,
            owner,
            quick(store, tenant(1), PUT, n=first),
            store.fetch_each(tenant(2), [Statement(PUT, {"n": 99}), failing], quick=True),
            quick(store, tenant(3), PUT, n=last),
        )

        assert isinstance(failed, error)
        assert [before[0][0]["n"], behind[0][0]["n"]] == [first, last]
    counts = {row["n"]: row["count"] for row in await store.fetch(SYSTEM, COUNT)}
    assert counts == dict.fromkeys([0, 1, 2, 11, 12, 21, 22], 1)


async def test_one_that_waits_for_a_lock_holds_nobody_up(
    store: Store, owner: psycopg.AsyncConnection[Any], database_url: str
) -> None:
    """It waits by itself, for as long as it takes; the others have their answers before."""
    async with await psycopg.AsyncConnection.connect(database_url) as holder:
        await holder.execute("SELECT FROM group_check WHERE n = 0 FOR UPDATE")
        async with all_places_taken(store, owner), asyncio.timeout(PATIENCE):
            waiting = asyncio.ensure_future(quick(store, SYSTEM, LOCK_ROW))
            await asyncio.gather(*[quick(store, tenant(n), PUT, n=n) for n in (1, 2, 3)])
            assert not waiting.done()
        await holder.rollback()

    assert await asyncio.wait_for(waiting, PATIENCE) == [[{"n": 0}]]


async def test_who_waits_long_keeps_no_place(store: Store, owner: psycopg.AsyncConnection[Any]) -> None:
    """Others need not wait for a place while some wait for a lock by themselves."""
    async with all_places_taken(store, owner), asyncio.timeout(PATIENCE):
        while store._together._lanes:  # noqa: ASYNC110  nobody tells when a place is free
            await asyncio.sleep(0.01)
        assert await quick(store, tenant(1), SEEN) == [[]]


async def test_one_that_goes_while_it_gathers_is_left_out(
    store: Store, owner: psycopg.AsyncConnection[Any]
) -> None:
    """What it asked for is not done, and the others are."""
    async with all_places_taken(store, owner), asyncio.timeout(PATIENCE):
        tasks = [asyncio.ensure_future(quick(store, tenant(n), PUT, n=n)) for n in (1, 2, 3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)

    assert isinstance(done[1], asyncio.CancelledError)
    assert {row["n"] for row in await store.fetch(SYSTEM, COUNT)} == {0, 1, 3}


async def test_where_the_line_breaks_all_are_told_that_it_is_not_known(
    store: Store, owner: psycopg.AsyncConnection[Any]
) -> None:
    """Nothing is done a second time, and the next have a sound connection."""
    done = await together(
        store,
        owner,
        quick(store, tenant(1), PUT, n=1),
        quick(store, SYSTEM, DIE),
        quick(store, tenant(2), PUT, n=2),
    )

    assert [type(one) for one in done] == [UnavailableError] * 3
    counts = {row["n"]: row["count"] for row in await store.fetch(SYSTEM, COUNT)}
    assert counts in ({0: 1}, {0: 1, 1: 1})
    assert len(await together(store, owner, *[quick(store, tenant(n), PUT, n=10) for n in (1, 2)])) == 2


async def test_a_connection_whose_plans_are_outdated_is_left(
    settings: Settings, owner: psycopg.AsyncConnection[Any]
) -> None:
    """What met it was undone, and nothing more is asked over it."""
    lookup = (b"SELECT * FROM group_check", ())
    async with await connect(settings) as connection:
        assert all(await commit_together(connection, [[lookup], [lookup]], flush=False))
        await owner.execute("ALTER TABLE group_check ADD COLUMN more text")

        assert await commit_together(connection, [[lookup], [lookup]], flush=False) == [None, None]

        assert connection.closed


@pytest.mark.parametrize("last", [WRITTEN, DIVIDE], ids=["all hold", "the last fails"])
@pytest.mark.parametrize("server", ["flushes", "refuses to flush"])
async def test_what_is_answered_is_on_the_disk(
    store: Store,
    owner: psycopg.AsyncConnection[Any],
    last: Query,
    server: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Their callers wait for the disk: once together, or each where the server cannot make others' last."""
    if server == "refuses to flush":
        monkeypatch.setattr("shared.store.group_commit._CAN_FLUSH", b"SELECT no_such_function()")
    put = [Statement(PUT, {"n": 1}), Statement(WRITTEN, {})]
    done = await together(
        store, owner, store.fetch_each(tenant(1), put, quick=True), quick(store, tenant(2), last, n=0)
    )

    cursor = await owner.execute("SELECT pg_current_wal_flush_lsn() > %s::pg_lsn", [done[0][1][0]["place"]])
    assert await cursor.fetchone() == (True,)


@pytest.mark.parametrize("kind", ["pool", "single"])
@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_to_some_the_others_are_done_once(
    settings: Settings, owner: psycopg.AsyncConnection[Any], kind: str, seed: int
) -> None:
    """With dice: some fail, some go away at any moment; who has an answer is done once, who failed is not."""
    chance = random.Random(seed)
    connections = await PooledConnections.open(settings) if kind == "pool" else SingleConnection(settings)
    store = Store(connections, statement_timeout_ms=10_000)
    answered: set[int] = set()
    failed: set[int] = set()

    async def one(n: int) -> None:
        org, fails = n % 7 + 1, chance.random() < 0.05
        statements = [Statement(PUT, {"n": n}), Statement(DIVIDE, {"n": 0 if fails else 1})]
        try:
            (row,), _ = await store.fetch_each(tenant(org), statements, quick=True)
        except InvalidInputError:
            assert fails
            failed.add(n)
        else:
            assert (row["n"], row["who"]) == (n, str(org))
            answered.add(n)

    async def some(first: int) -> None:
        for n in range(first, first + 20):
            task = asyncio.ensure_future(one(n))
            if chance.random() < 0.1:
                for _ in range(chance.randrange(30)):
                    await asyncio.sleep(0)
                task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async with asyncio.timeout(3 * PATIENCE):
        await asyncio.gather(*[some(100 * caller) for caller in range(1, 13)])
    await store.close()

    cursor = await owner.execute("SELECT n, count(*) FROM group_check WHERE n > 0 GROUP BY n")
    counts = dict(await cursor.fetchall())
    assert set(counts.values()) == {1}
    assert answered <= set(counts)
    assert not failed & set(counts)
    assert len(answered) > 100
    assert failed
