"""Numbered SQL migrations, forward only, under an advisory lock."""

import hashlib
from pathlib import Path

import psycopg

_FOLDER = Path(__file__).with_name("migrations")
_LOCK = 7_241_093_155_402


class MigrationChangedError(RuntimeError):
    """A migration that already ran has a different text now; add a new one instead."""


async def migrate(database_url: str) -> list[str]:
    """Bring the schema up to date and return the names of the migrations that ran.

    The user of `database_url` owns the tables and may create roles. Two at once are safe: the second waits.
    """
    ran: list[str] = []
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        await connection.execute("SET client_min_messages = warning")
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migration"
            " (name text PRIMARY KEY, digest text NOT NULL, ran_at timestamptz NOT NULL DEFAULT now())"
        )
        cursor = await connection.execute("SELECT name, digest FROM schema_migration")
        done = {str(name): str(digest) for name, digest in await cursor.fetchall()}
        for path in sorted(_FOLDER.glob("*.sql")):
            text = path.read_text(encoding="utf-8")
            digest = hashlib.sha256(text.encode()).hexdigest()
            if path.name in done:
                if done[path.name] != digest:
                    raise MigrationChangedError(path.name)
                continue
            async with connection.transaction():
                await connection.execute(text.encode())
                await connection.execute(
                    "INSERT INTO schema_migration (name, digest) VALUES (%s, %s)", (path.name, digest)
                )
            ran.append(path.name)
        # The first job of a new service finds the partition of its day; the retention timer makes the next.
        await connection.execute(
            "SELECT ensure_archive_partition((now() AT TIME ZONE 'UTC')::date + ahead)"
            " FROM generate_series(0, 3) AS ahead"
        )
    return ran
