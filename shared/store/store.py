"""Transactions with the tenant set: the only way to PostgreSQL.

Every transaction takes a role of its own and names its organization; row-level security holds the rest.
One statement and all that surrounds it is a single round trip (pipeline mode).
"""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow

from shared.errors import SpooledError
from shared.store.connections import Connection, Connections
from shared.store.faults import is_outdated, is_retryable, translate
from shared.store.liveness import hung_up_after
from shared.store.notices import hearing
from shared.store.queries import Query, prepared
from shared.store.trip import one_trip

logger = logging.getLogger("spooled.store")
Row = DictRow
_ATTEMPTS = 4
_GRACE_SECONDS = 5.0
"""The server stops a statement that takes too long; this much later nobody believes that there is one."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows a transaction may see: one organization's, or all (timers, sign-in, administration)."""

    role: str
    org_id: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A query with its parameters, ready to run."""

    query: Query
    parameters: dict[str, Any]


SYSTEM = Scope("spooled_system", 0)


def tenant(org_id: int) -> Scope:
    """The rows of one organization."""
    return Scope("spooled_app", org_id)


_BEGIN_SCOPE = (
    "SELECT set_config('role', $1, true), set_config('spooled.org_id', $2, true),"
    " set_config('statement_timeout', $3, true)"
)
# A process that is frozen or lost between two statements holds its locks no longer than this.
_LIMIT_IDLING = "SELECT set_config('idle_in_transaction_session_timeout', '10s', true)"
# Planned once for each connection: PostgreSQL would plan the claim anew each time, which takes longer than
# running it. A generic plan of a statement whose LIMIT is a parameter would otherwise read the whole table.
_BEGIN_HOT_SCOPE = (
    f"{_BEGIN_SCOPE}, set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),"
    " set_config('enable_mergejoin', 'off', true), set_config('enable_bitmapscan', 'off', true),"
    " set_config('plan_cache_mode', 'force_generic_plan', true)"
)


async def _execute(connection: Connection, statement: Statement) -> psycopg.AsyncCursor[Row]:
    known = prepared(statement.query.sql)
    return await connection.execute(known.sql, known.arguments(statement.parameters))


class Transaction:
    """An open transaction; leaving its block commits, an error undoes it."""

    def __init__(self, connection: Connection, patience: float) -> None:
        self._connection = connection
        self._patience = patience

    async def fetch(self, query: Query, **parameters: Any) -> list[Row]:
        """Run one statement. After an error the transaction can only be left."""
        try:
            with hung_up_after(self._connection, self._patience):
                cursor = await _execute(self._connection, Statement(query, parameters))
        except psycopg.Error as error:
            raise translate(error) from error
        return await cursor.fetchall() if cursor.description else []

    async def fetch_each(self, statements: Sequence[Statement]) -> list[list[Row]]:
        """Run statements one after the other in one round trip; the rows of each."""
        patience = self._patience * len(statements)
        with hung_up_after(self._connection, patience):
            async with one_trip(self._connection):
                cursors = [await _execute(self._connection, statement) for statement in statements]
        return [await cursor.fetchall() if cursor.description else [] for cursor in cursors]

    async def fetch_one(self, query: Query, **parameters: Any) -> Row | None:
        rows = await self.fetch(query, **parameters)
        return rows[0] if rows else None


class Store:
    """Runs named queries in a scope.

    pass_on: takes what committed changes tell, as JSON; it must not wait.
    """

    def __init__(
        self,
        connections: Connections,
        *,
        statement_timeout_ms: int,
        pass_on: Callable[[Sequence[str]], None] = lambda _told: None,
    ) -> None:
        self._connections = connections
        self._pass_on = pass_on
        self._statement_timeout = str(statement_timeout_ms)
        self._patience = statement_timeout_ms / 1000 + _GRACE_SECONDS

    async def fetch(self, scope: Scope, query: Query, **parameters: Any) -> list[Row]:
        """Run one statement in a transaction of its own, in one round trip.

        Raises UnavailableError when the database cannot be reached, UniqueViolationError with the
        constraint's name, and runs again by itself after a deadlock.
        """
        return (await self.fetch_each(scope, [Statement(query, parameters)]))[0]

    async def fetch_each(self, scope: Scope, statements: Sequence[Statement]) -> list[list[Row]]:
        """Run statements in one transaction and one round trip; the rows of each. Errors as `fetch`."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with self._lease() as connection:
                    with hearing(connection) as told:
                        rows = await self._round_trip(connection, scope, statements)
            except psycopg.Error as error:
                if not is_retryable(error) or attempt == _ATTEMPTS:
                    raise translate(error) from error
            else:
                self._tell(told)
                return rows
        raise AssertionError

    async def fetch_one(self, scope: Scope, query: Query, **parameters: Any) -> Row | None:
        rows = await self.fetch(scope, query, **parameters)
        return rows[0] if rows else None

    @asynccontextmanager
    async def transaction(self, scope: Scope, *, hot: bool = False) -> AsyncIterator[Transaction]:
        """Several statements that hold or fall together; `hot` plans all of them as hot ones."""
        try:
            async with self._lease() as connection:
                with hung_up_after(connection, self._patience):
                    async with one_trip(connection):
                        await connection.execute("BEGIN")
                        await connection.execute(_LIMIT_IDLING)
                        await self._enter(connection, scope, hot=hot)
                with hearing(connection) as told:
                    yield Transaction(connection, self._patience)
                    with hung_up_after(connection, self._patience):
                        ended = await connection.execute("COMMIT")
            # PostgreSQL undoes a transaction with a failed statement in it without a word.
            if ended.statusmessage == "COMMIT":
                self._tell(told)
        except psycopg.Error as error:
            raise translate(error) from error

    async def close(self) -> None:
        await self._connections.close()

    def _tell(self, told: Sequence[str]) -> None:
        """The change is committed: nothing that goes wrong from here on is its caller's."""
        if not told:
            return
        try:
            self._pass_on(told)
        except Exception:
            logger.exception("what was committed could not be passed on")

    async def _enter(self, connection: Connection, scope: Scope, *, hot: bool) -> None:
        await connection.execute(
            _BEGIN_HOT_SCOPE if hot else _BEGIN_SCOPE,
            (scope.role, str(scope.org_id), self._statement_timeout),
        )

    async def _round_trip(
        self, connection: Connection, scope: Scope, statements: Sequence[Statement]
    ) -> list[list[Row]]:
        with hung_up_after(connection, self._patience * len(statements)):
            async with one_trip(connection):
                hot = all(statement.query.hot for statement in statements)
                await self._enter(connection, scope, hot=hot)
                cursors = [await _execute(connection, statement) for statement in statements]
        return [await cursor.fetchall() if cursor.description else [] for cursor in cursors]

    @asynccontextmanager
    async def _lease(self) -> AsyncIterator[Connection]:
        """A connection that goes back with no transaction open, whatever happened."""
        async with self._connections.lease() as connection:
            try:
                yield connection
            except (psycopg.Error, SpooledError) as error:
                cause = error if isinstance(error, psycopg.Error) else error.__cause__
                if isinstance(cause, psycopg.Error) and is_outdated(cause):
                    await connection.close()
                raise
            finally:
                if connection.closed:
                    await self._connections.discard_broken()
                elif connection.info.transaction_status != TransactionStatus.IDLE:
                    await connection.rollback()
