"""Migrations run beside a service that goes on: it does not wait for them, they wait for it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import psycopg
import pytest

from shared.store import migrate as module
from shared.store.migrate import APPLICATION_NAME, Migration, MigrationBlockedError, migrate
from tests.support.line import line_to
from tests.support.until import until

Connection = psycopg.AsyncConnection[Any]
COLUMN = Migration("9001_column.pre.sql", "ALTER TABLE migrated ADD COLUMN more text;\n")
IN_PARTS = Migration(
    "9002_parts.pre.sql",
    """-- In parts: for a test.

CREATE INDEX CONCURRENTLY IF NOT EXISTS migrated_n ON migrated (n);

CREATE INDEX IF NOT EXISTS parted_n ON ONLY parted (n) WHERE n > 3;
""",
)
INVALID = """
SELECT pg_class.relname FROM pg_index JOIN pg_class ON pg_class.oid = pg_index.indexrelid
WHERE NOT pg_index.indisvalid ORDER BY pg_class.relname
"""
MIGRATING = """
SELECT wait_event_type FROM pg_stat_activity WHERE application_name = %s AND datname = current_database()
"""


@pytest.fixture
async def owner(own_url: str) -> AsyncIterator[Connection]:
    """The owner's connection; the tables that are migrated are as they were before."""
    async with await psycopg.AsyncConnection.connect(own_url, autocommit=True) as owner:
        await owner.execute(
            "DROP TABLE IF EXISTS migrated, parted; DELETE FROM schema_migration WHERE name LIKE '9%';"
            "CREATE TABLE migrated (n integer); CREATE TABLE parted (n integer) PARTITION BY RANGE (n);"
            "CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (5);"
            'CREATE TABLE "Parted high" PARTITION OF parted FOR VALUES FROM (5) TO (9);'
        )
        yield owner


@pytest.fixture
def outstanding(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Has more migrations beside those of the program."""
    of_the_program = module.migrations()

    def add(*more: Migration) -> None:
        monkeypatch.setattr(module, "migrations", lambda: (*of_the_program, *more))

    return add


@pytest.fixture
async def other(own_url: str) -> AsyncIterator[Connection]:
    """Somebody with a transaction."""
    async with await psycopg.AsyncConnection.connect(own_url, application_name="a-report") as other:
        yield other
        await other.rollback()


async def is_asking(owner: Connection) -> bool:
    return len(await (await owner.execute(MIGRATING, [APPLICATION_NAME])).fetchall()) == 2


async def is_waiting(owner: Connection) -> bool:
    rows = await (await owner.execute(MIGRATING, [APPLICATION_NAME])).fetchall()
    return ("Lock",) in rows


async def test_a_table_that_is_in_use_is_asked_for_again_and_again(
    own_url: str, owner: Connection, other: Connection, outstanding: Callable[..., None]
) -> None:
    """While somebody reads for long, others write on, and the migration comes when that one is done."""
    outstanding(COLUMN)
    await other.execute("SELECT * FROM migrated")
    migrating = asyncio.create_task(migrate(own_url))
    for _ in range(2):
        # It stands in line, with who comes next behind it; and it leaves the line.
        await until(lambda: is_waiting(owner))
        await owner.execute("INSERT INTO migrated VALUES (1)")
    assert not migrating.done()
    await other.rollback()

    assert await migrating == [COLUMN.name]


@pytest.mark.usefixtures("owner")
async def test_who_is_in_the_way_is_named(
    own_url: str, other: Connection, outstanding: Callable[..., None]
) -> None:
    """Out of patience it says what waited and who has a transaction open, and nothing of it is done."""
    outstanding(COLUMN)
    await other.execute("SELECT * FROM migrated")

    with pytest.raises(
        MigrationBlockedError, match=rf"{COLUMN.name} waited .*process {other.info.backend_pid} \(a-report\)"
    ):
        await migrate(own_url, patience_seconds=0)
    await other.rollback()

    assert await migrate(own_url) == [COLUMN.name]


async def test_indexes_are_built_beside_writers(
    own_url: str, owner: Connection, other: Connection, outstanding: Callable[..., None]
) -> None:
    """While one waits for who was there before, others write; partitions get theirs, and new ones have it."""
    outstanding(IN_PARTS)
    await other.execute("INSERT INTO migrated VALUES (1)")
    migrating = asyncio.create_task(migrate(own_url))
    await until(lambda: is_waiting(owner))
    await owner.execute("INSERT INTO migrated VALUES (2)")
    assert await is_waiting(owner)
    await other.commit()
    assert await migrating == [IN_PARTS.name]
    await owner.execute("CREATE TABLE parted_last PARTITION OF parted FOR VALUES FROM (9) TO (12)")

    cursor = await owner.execute("SELECT relid::regclass::text FROM pg_partition_tree('parted_n')")
    assert len(await cursor.fetchall()) == 4
    assert await (await owner.execute(INVALID)).fetchall() == []


async def test_what_was_cut_off_in_the_middle_is_done_again(
    own_url: str, owner: Connection, other: Connection, outstanding: Callable[..., None]
) -> None:
    """A process that dies while it builds leaves an index that nobody uses: the next one builds it anew."""
    outstanding(IN_PARTS)
    await other.execute("INSERT INTO migrated VALUES (1)")
    migrating = asyncio.create_task(migrate(own_url))
    await until(lambda: is_waiting(owner))
    await owner.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = %s AND datname = current_database()",
        [APPLICATION_NAME],
    )
    with pytest.raises(psycopg.OperationalError):
        await migrating
    await other.rollback()
    assert await (await owner.execute(INVALID)).fetchall() == [("migrated_n",)]

    assert await migrate(own_url) == [IN_PARTS.name]
    assert await (await owner.execute(INVALID)).fetchall() == []


async def test_two_processes_build_an_index_once(
    own_url: str, owner: Connection, other: Connection, outstanding: Callable[..., None]
) -> None:
    """Who waits for its turn has no snapshot, for which the one that builds would wait for ever."""
    outstanding(IN_PARTS)
    await other.execute("INSERT INTO migrated VALUES (1)")
    both = [asyncio.create_task(migrate(own_url)) for _ in range(2)]
    await until(lambda: is_waiting(owner))
    await other.commit()

    assert sorted(await asyncio.gather(*both)) == [[], [IN_PARTS.name]]


@pytest.mark.parametrize("name", sorted(module._RAN_AS))
def test_a_gentler_text_is_known_by_what_ran_before(name: str) -> None:
    """It is the text that was reviewed, so that another change of it is not taken for the same."""
    (found,) = [migration for migration in module.migrations() if migration.name == name]

    assert found.digest == module._RAN_AS[name][1]
    assert Migration(name, found.text + " ").digest not in module._RAN_AS[name]


async def test_a_server_that_goes_silent_is_an_error(
    own_url: str, owner: Connection, other: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that starts at that moment ends, and may be started again, in place of waiting for ever."""
    monkeypatch.setattr(module, "_QUESTION_SECONDS", 0.5)
    await other.execute(module.QUERIES["take_turn"].sql)
    async with line_to(own_url) as line:
        migrating = asyncio.create_task(migrate(line.url))
        await until(lambda: is_asking(owner))
        line.go_mute()
        await asyncio.wait([migrating], timeout=60)

        assert migrating.done()
        assert isinstance(migrating.exception(), psycopg.OperationalError)
