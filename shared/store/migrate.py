"""Numbered SQL migrations, forward only: one process at a time runs them, beside a service that goes on.

Who waits for a lock gives up soon, as everybody else stands in line behind it, and tries again. A migration
whose first line begins with `-- In parts` runs statement by statement, and each may run again: so indexes are
built beside readers and writers (`CONCURRENTLY`), also on the partitions of a table that gets one `ON ONLY`.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any, TypeAlias

import psycopg
from psycopg.rows import DictRow, dict_row

from shared.store.liveness import hung_up_after
from shared.store.queries import load_queries

QUERIES = load_queries(__file__)
APPLICATION_NAME = "spooled-migrate"
_FOLDER = Path(__file__).with_name("migrations")
_QUESTION_SECONDS = 30.0
"""For what any server answers at once: one that says nothing for so long is away."""
_CONNECT_SECONDS, _KEEPALIVE_SECONDS = 10, 5
_TURN_SECONDS, _FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.05, 0.5, 5.0
_IN_PARTS = "-- In parts"
_END_OF_STATEMENT = re.compile(r";\n+")
# Texts that were made gentler and come to the same: the digest of each, and the one that is noted for both.
_RAN_AS = {
    "0019_jobs_by_id.pre.sql": (
        "68a6344f82c52b88d59a38e0e9842cd96d333c8acefd8e0063d9c5266e46156d",
        "9fcc434b4a791975adf8ca4798019517683dff73e26e99a27cc88cf555b81c30",
    ),
    "0022_causes.pre.sql": (
        "d84b4c0f9c8c0024c39d4509ddfaeb768d1030bd939fd8a31c1b51c532ca772d",
        "cfa44097f61ad2f17235d505c9c1326679e785319608c0dc23359bfd43850ef7",
    ),
}

_Connection: TypeAlias = psycopg.AsyncConnection[DictRow]
_Cursor: TypeAlias = psycopg.AsyncCursor[DictRow]
_Statement: TypeAlias = tuple[str, Mapping[str, Any] | None]


class MigrationError(RuntimeError):
    """The schema cannot be brought up to date. What ran before stays; the next run goes on from there."""


class MigrationChangedError(MigrationError):
    """A migration that already ran has a different text now; add a new one instead."""


class MigrationBlockedError(MigrationError):
    """A migration got no lock in all its time, as others hold what it wants."""


@dataclass(frozen=True, slots=True)
class Migration:
    """A file of the folder."""

    name: str
    text: str

    @property
    def digest(self) -> str:
        """What tells this text from another one of the same name."""
        digest = hashlib.sha256(self.text.encode()).hexdigest()
        gentler, noted = _RAN_AS.get(self.name, ("", ""))
        return noted if digest == gentler else digest

    @property
    def parts(self) -> list[str]:
        """The statements of one that runs in parts, none of one that is a single transaction."""
        if not self.text.startswith(_IN_PARTS):
            return []
        return [part for part in _END_OF_STATEMENT.split(self.text) if part.strip()]


async def migrate(
    database_url: str, *, patience_seconds: float = 300.0, begins: Callable[[str], None] = lambda _: None
) -> list[str]:
    """Bring the schema up to date and return the names of the migrations that ran.

    The user of `database_url` owns the tables and may create roles. Two at once are safe: the second waits.
    A pooler may stand between, with two connections or more: locks and settings end with their transactions.
    `patience_seconds` is how long each statement is tried while others hold what it wants; after that
    MigrationBlockedError is raised. A server that goes silent is a psycopg.OperationalError. `begins` is told
    the name of each migration that is about to run.
    """
    async with _connected(database_url) as connection, _connected(database_url) as guard:
        await _take_turn(guard)
        await _ask(connection, "notes")
        ran = []
        for migration in migrations():
            if not await _is_known(connection, migration):
                begins(migration.name)
                await _Run(connection, migration, patience_seconds).all()
                ran.append(migration.name)
        await connection.execute(QUERIES["partitions"].sql)
    return ran


@cache
def migrations() -> tuple[Migration, ...]:
    """All of this program, in their order."""
    files = sorted(_FOLDER.glob("*.sql"))
    return tuple([Migration(path.name, path.read_text(encoding="utf-8")) for path in files])


def known_migrations() -> dict[str, str]:
    """The digest of each migration of this program, by name, in their order."""
    return {migration.name: migration.digest for migration in migrations()}


@asynccontextmanager
async def _connected(database_url: str) -> AsyncIterator[_Connection]:
    """A connection that is closed without a word: a server that is away would not answer a last question."""
    connection = await psycopg.AsyncConnection.connect(
        database_url,
        autocommit=True,
        prepare_threshold=None,
        row_factory=dict_row,
        fallback_application_name=APPLICATION_NAME,
        connect_timeout=_CONNECT_SECONDS,
        tcp_user_timeout=_CONNECT_SECONDS * 1000,
        keepalives_idle=_KEEPALIVE_SECONDS,
        keepalives_interval=_KEEPALIVE_SECONDS,
        keepalives_count=3,
    )
    try:
        yield connection
    finally:
        await connection.close()


async def _ask(connection: _Connection, query: str, parameters: Mapping[str, Any] | None = None) -> _Cursor:
    with hung_up_after(connection, _QUESTION_SECONDS):
        return await connection.execute(QUERIES[query].sql, parameters)


async def _take_turn(guard: _Connection) -> None:
    """Begin a transaction that no other process migrates beside.

    It stays open until the connection is closed, and holds nothing but its turn.
    """
    while True:
        with hung_up_after(guard, _QUESTION_SECONDS):
            await guard.execute("BEGIN")
            turn = await (await guard.execute(QUERIES["take_turn"].sql)).fetchone()
            if turn and turn["is_ours"]:
                return
            await guard.execute("ROLLBACK")
        await asyncio.sleep(_TURN_SECONDS)


async def _is_known(connection: _Connection, migration: Migration) -> bool:
    known = await (await _ask(connection, "known", {"name": migration.name})).fetchone()
    if known is not None and known["digest"] != migration.digest:
        raise MigrationChangedError(f"{migration.name} ran here with another text than it has now")
    return known is not None


@dataclass(frozen=True, slots=True)
class _Run:
    """One migration on its way into the database."""

    connection: _Connection
    migration: Migration
    patience_seconds: float

    async def all(self) -> None:
        note = QUERIES["note"].sql, {"name": self.migration.name, "digest": self.migration.digest}
        if not self.migration.parts:
            await self._patiently((self.migration.text, None), note)
            return
        for broken in await self._rows("broken_indexes", {"text": self.migration.text}):
            await self._beside(broken["statement"])
        for part in self.migration.parts:
            await (self._beside(part) if " CONCURRENTLY " in part else self._patiently((part, None)))
        for index in await self._rows("partition_indexes"):
            try:
                await self._beside(index["build"])
                await self._patiently((index["attach"], None))
            except psycopg.errors.UndefinedTable:
                continue  # the retention timer was there
        await self.connection.execute(*note)

    async def _beside(self, statement: str) -> None:
        """It holds up nobody, and waits for whoever was there before it."""
        await self.connection.execute(statement.encode())

    async def _patiently(self, *statements: _Statement) -> None:
        """In one transaction, again until it gets all its locks."""
        end, pause = monotonic() + self.patience_seconds, _FIRST_PAUSE_SECONDS
        while True:
            try:
                async with self.connection.transaction():
                    await self.connection.execute(QUERIES["patience"].sql)
                    for text, parameters in statements:
                        await self.connection.execute(text.encode(), parameters)
            except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
                if monotonic() + pause > end:
                    raise MigrationBlockedError(await self._blocked()) from error
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            else:
                return

    async def _blocked(self) -> str:
        others = [
            f"process {other['pid']} ({other['application']}) for {other['seconds']} s"
            for other in await self._rows("open_transactions")
        ]
        return (
            f"{self.migration.name} waited {self.patience_seconds:g} s for a lock that others hold. "
            f"Open transactions: {', '.join(others) or 'none now'}. End them, then run the migrations again."
        )

    async def _rows(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[DictRow]:
        return await (await _ask(self.connection, query, parameters)).fetchall()
