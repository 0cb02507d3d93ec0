"""Numbered SQL migrations, forward only, under an advisory lock."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg

_FOLDER = Path(__file__).with_name("migrations")
_LOCK = 7_241_093_155_402


class MigrationChangedError(RuntimeError):
    """A migration that already ran has a different text now; add a new one instead."""


async def migrate(database_url: str) -> list[str]:
    """Bring the schema up to date and return the names of the migrations that ran.

    The user of `database_url` owns the tables and may create roles. Two at once are safe: the second waits.
    A pooler may stand between: lock and settings end with the transaction of each migration.
    """
    connection = await psycopg.AsyncConnection.connect(database_url, autocommit=True, prepare_threshold=None)
    async with connection:
        async with _alone(connection):
            await connection.execute(
                "CREATE TABLE IF NOT EXISTS schema_migration"
                " (name text PRIMARY KEY, digest text NOT NULL, ran_at timestamptz NOT NULL DEFAULT now())"
            )
        ran = [name for name, text in _migrations() if await _run(connection, name, text)]
        # The first job of a new service finds the partition of its day; the retention timer makes the next.
        await connection.execute(
            "SELECT ensure_archive_partition((now() AT TIME ZONE 'UTC')::date + ahead)"
            " FROM generate_series(0, 3) AS ahead"
        )
    return ran


def known_migrations() -> dict[str, str]:
    """The digest of each migration of this program, by name, in their order."""
    return {name: _digest(text) for name, text in _migrations()}


def _migrations() -> list[tuple[str, str]]:
    return [(path.name, path.read_text(encoding="utf-8")) for path in sorted(_FOLDER.glob("*.sql"))]


async def _run(connection: psycopg.AsyncConnection, name: str, text: str) -> bool:
    """Run a migration unless it ran before; another process may have run it since the last one."""
    digest = _digest(text)
    async with _alone(connection):
        cursor = await connection.execute("SELECT digest FROM schema_migration WHERE name = %s", (name,))
        known = await cursor.fetchone()
        if known is not None and known[0] != digest:
            raise MigrationChangedError(name)
        if known is None:
            await connection.execute(text.encode())
            await connection.execute(
                "INSERT INTO schema_migration (name, digest) VALUES (%s, %s)", (name, digest)
            )
    return known is None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@asynccontextmanager
async def _alone(connection: psycopg.AsyncConnection) -> AsyncIterator[None]:
    """A transaction that no other migration runs beside."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        await connection.execute("SET LOCAL client_min_messages = warning")
        yield
