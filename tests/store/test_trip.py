"""A transaction goes to the database in one message and its answers come back in one, whatever their size."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import psycopg
import pytest

from shared.errors import InvalidInputError
from shared.settings import Settings
from shared.store import SYSTEM, PooledConnections, Query, Statement, Store
from shared.store.faults import UniqueViolationError

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
