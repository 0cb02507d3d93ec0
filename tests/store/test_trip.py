"""A transaction goes to the database in one message and its answers come back in one, whatever their size."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import psycopg
import pytest

from shared.errors import InvalidInputError
from shared.settings import Settings
from shared.store import SYSTEM, PooledConnections, Query, Statement, Store
from shared.store.faults import SchemaBehindError, UniqueViolationError

LARGE = "x" * 20_000_000
"""More than the buffers of a socket hold, in each direction."""
ECHO = Query("echo", "SELECT %(text)s::text AS text, %(number)s::integer AS number", hot=False)
MAKE = Query(
    "make",
    "INSERT INTO organization (name, slug, plan_tier, created_at, updated_at)"
    " VALUES ('Trip', %(slug)s, 'free', now(), now())",
    hot=False,
)
LATE = Query("late", "INSERT INTO late_check VALUES (%(number)s)", hot=False)
HOW_MANY_LATE = Query("how_many_late", "SELECT count(*) AS count FROM late_check", hot=False)
FIND = Query("find", "SELECT org_id FROM organization WHERE slug = %(slug)s", hot=False)
DIVIDE = Query("divide", "SELECT 1 / %(number)s::integer AS result", hot=False)
PREPARED = Query(
    "prepared",
    "SELECT count(*) AS count FROM pg_prepared_statements WHERE statement = %(text)s::text",
    hot=False,
)


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Store]:
    alone = settings.model_copy(update={"database_pool_size": 1})
    opened = Store(await PooledConnections.open(alone), statement_timeout_ms=30_000)
    yield opened
    await opened.close()


async def test_large_statements_and_large_answers_pass_each_other(store: Store) -> None:
    """Neither side waits for the other to read first."""
    statements = [Statement(ECHO, {"text": LARGE, "number": number}) for number in range(3)]

    async with asyncio.timeout(60):
        answers = await store.fetch_each(SYSTEM, statements)

    assert [row["number"] for (row,) in answers] == [0, 1, 2]
    assert all(row["text"] == LARGE for (row,) in answers)


async def test_a_failed_statement_undoes_those_before_it(store: Store) -> None:
    """Nothing of the message holds, the error is that of the statement, and the connection is sound."""
    slug = f"trip-{uuid.uuid4().hex}"
    statements = [Statement(MAKE, {"slug": slug}), Statement(DIVIDE, {"number": 0})]
    for _ in range(10):  # with the statements prepared, too
        with pytest.raises(InvalidInputError, match="division by zero"):
            await store.fetch_each(SYSTEM, statements)

        assert await store.fetch(SYSTEM, FIND, slug=slug) == []


async def test_a_value_that_cannot_be_sent_undoes_the_whole_message(store: Store) -> None:
    """Nothing of the message is sent, and what it would have prepared is not taken for prepared later."""
    slug = f"trip-{uuid.uuid4().hex}"
    unsent = Statement(ECHO, {"text": "half of a pair: \ud800", "number": 1})
    for _ in range(10):
        with pytest.raises(UnicodeEncodeError):
            await store.fetch_each(SYSTEM, [Statement(MAKE, {"slug": slug}), unsent])

    assert await store.fetch(SYSTEM, FIND, slug=slug) == []
    assert await store.fetch(SYSTEM, MAKE, slug=slug) == []
    assert len(await store.fetch(SYSTEM, FIND, slug=slug)) == 1


@pytest.mark.parametrize("hot", [True, False])
async def test_what_runs_most_is_planned_once(store: Store, hot: bool) -> None:  # noqa: FBT001
    """A hot statement is prepared at its first use, another one only when it has been used for a while."""
    query = Query("often", "SELECT 'often' AS text", hot=hot)

    await store.fetch(SYSTEM, query)

    [row] = await store.fetch(SYSTEM, PREPARED, text=query.sql)
    assert row["count"] == hot


@pytest.mark.parametrize("hot", [True, False])
async def test_a_statement_that_cannot_be_prepared_has_its_own_error(store: Store, hot: bool) -> None:  # noqa: FBT001
    """Not that of what was to run it; and it is not taken for prepared later."""
    for _ in range(8):  # prepared after its sixth use
        with pytest.raises(SchemaBehindError) as caught:
            await store.fetch(SYSTEM, Query("missing", "SELECT FROM no_such_table", hot=hot))

        assert isinstance(caught.value.__cause__, psycopg.errors.UndefinedTable)


@pytest.fixture
async def checked_late(database_url: str) -> AsyncIterator[None]:
    """A table whose rule is looked at when a transaction is committed, as none of ours is."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as owner:
        await owner.execute("CREATE TABLE late_check (number integer UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        await owner.execute("GRANT ALL ON late_check TO spooled_system")
        yield
        await owner.execute("DROP TABLE late_check")


@pytest.mark.usefixtures("checked_late")
async def test_a_commit_that_fails_is_an_error(store: Store) -> None:
    """Nobody is told that something holds which does not, and the next caller has a sound connection."""
    twice = [Statement(LATE, {"number": 1}), Statement(LATE, {"number": 1})]
    for _ in range(3):
        with pytest.raises(UniqueViolationError):
            await store.fetch_each(SYSTEM, twice)

        assert await store.fetch(SYSTEM, HOW_MANY_LATE) == [{"count": 0}]
