"""Transactions with the tenant set: the only way to PostgreSQL.

Every transaction takes a role of its own and names its organization; row-level security holds the rest.
One statement and all that surrounds it is a single round trip (pipeline mode).
"""

import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow

from shared.errors import SpooledError, UnavailableError
from shared.store.connection import Connection, Sent
from shared.store.connections import Connections
from shared.store.faults import is_outdated, is_retryable, takes_long, translate
from shared.store.group_commit import commit_together
from shared.store.liveness import hung_up_after
from shared.store.queries import Query, prepared
from shared.store.trip import one_trip
from shared.together import Kind, Together

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


# All of it in one column: the driver would describe and read one for each setting.
_BEGIN_SCOPE = (
    b"SELECT num_nonnulls(set_config('role', $1, true), set_config('spooled.org_id', $2, true),"
    b" set_config('statement_timeout', $3, true)"
)
# A process that is frozen or lost between two statements holds its locks no longer than this.
_LIMIT_IDLING = b"SELECT set_config('idle_in_transaction_session_timeout', '10s', true)"
# Planned once for each connection: PostgreSQL would plan the claim anew each time, which takes longer than
# running it. A generic plan of a statement whose LIMIT is a parameter would otherwise read the whole table,
# and one for a table without statistics sort all of a queue instead of reading the first in their order.
# Statements that have to sort look dear then, which must not have them compiled.
_BEGIN_HOT_SCOPE = (
    _BEGIN_SCOPE + b", set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),"
    b" set_config('enable_mergejoin', 'off', true), set_config('enable_bitmapscan', 'off', true),"
    b" set_config('enable_sort', 'off', true), set_config('jit', 'off', true),"
    b" set_config('plan_cache_mode', 'force_generic_plan', true)"
)
_BRIEFLY = b", set_config('lock_timeout', '100ms', true)"
_WITHOUT_THE_DISK = b", set_config('synchronous_commit', 'off', true)"
_WITH_OTHERS = {
    waits: _BEGIN_HOT_SCOPE + _BRIEFLY + (b"" if waits else _WITHOUT_THE_DISK) + b")"
    for waits in (False, True)
}
"""By whether each of those who travel together waits for the disk by itself."""
_MOST_IN_A_MESSAGE = 32
_LONGEST_IN_A_PLACE_MS = 1_000
"""Of a statement that others wait for."""
_BEGINNINGS = {
    (hot, briefly): (_BEGIN_HOT_SCOPE if hot else _BEGIN_SCOPE) + (_BRIEFLY if briefly else b"") + b")"
    for hot in (False, True)
    for briefly in (False, True)
}
"""By whether the statements are hot, and whether they wait for locks briefly."""


def _patience(timeout_ms: int, statements: int = 1) -> float:
    """Seconds after which the server of statements that may each take so long is taken for gone."""
    return statements * timeout_ms / 1000 + _GRACE_SECONDS


def _sent(statement: Statement) -> Sent:
    known = prepared(statement.query.sql)
    return known.sql, known.arguments(statement.parameters)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A transaction of a single round trip."""

    scope: Scope
    statements: Sequence[Statement]
    briefly: bool
    timeout_ms: int


class Transaction:
    """An open transaction; leaving its block commits, an error undoes it."""

    def __init__(self, connection: Connection, timeout_ms: int) -> None:
        self._connection = connection
        self._timeout_ms = timeout_ms

    async def fetch(self, query: Query, **parameters: Any) -> list[Row]:
        """Run one statement. After an error the transaction can only be left."""
        return (await self.fetch_each([Statement(query, parameters)]))[0]

    async def fetch_each(self, statements: Sequence[Statement]) -> list[list[Row]]:
        """Run statements one after the other in one round trip; the rows of each."""
        hot = all(statement.query.hot for statement in statements)
        try:
            with hung_up_after(self._connection, _patience(self._timeout_ms, len(statements))):
                return await one_trip(self._connection, [*map(_sent, statements)], hot=hot)
        except psycopg.Error as error:
            raise translate(error) from error

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
        self._statement_timeout_ms = statement_timeout_ms
        self._together = Together(largest=_MOST_IN_A_MESSAGE)
        self._quick: dict[bool, Kind[_Asked, list[list[Row]] | None]] = {
            lasting: Kind(lasting, self._in_a_place, partial(self._with_others, lasting=lasting))
            for lasting in (False, True)
        }

    async def fetch(self, scope: Scope, query: Query, **parameters: Any) -> list[Row]:
        """Run one statement in a transaction of its own, in one round trip.

        Raises UnavailableError when the database cannot be reached, UniqueViolationError with the
        constraint's name, and runs again by itself after a deadlock.
        """
        return (await self.fetch_each(scope, [Statement(query, parameters)]))[0]

    async def fetch_each(
        self,
        scope: Scope,
        statements: Sequence[Statement],
        *,
        briefly: bool = False,
        quick: bool = False,
        lasting: bool = True,
    ) -> list[list[Row]]:
        """Run statements in one transaction and one round trip; the rows of each. Errors as `fetch`.

        `briefly`: a lock that another transaction holds is waited for a tenth of a second.
        `quick`: they are hot, few and small, so that they may travel in one message with the transactions of
        others; what is undone there is run again by itself. When the caller is cancelled, it may yet hold.
        Those that need not be on the disk when they are answered (`lasting` false) wait for none that do.
        """
        asked = _Asked(scope, statements, briefly, self._statement_timeout_ms)
        if quick:
            rows = await self._together.do(self._quick[lasting], asked)
            if rows is not None:
                return rows
        return await self._alone(asked)

    async def _alone(self, asked: _Asked) -> list[list[Row]]:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with self._lease() as connection:
                    told = connection.listen()
                    rows = await self._round_trip(
                        connection,
                        asked.scope,
                        asked.statements,
                        briefly=asked.briefly,
                        timeout_ms=asked.timeout_ms,
                    )
            except psycopg.Error as error:
                if not is_retryable(error) or attempt == _ATTEMPTS:
                    raise translate(error) from error
            else:
                self._tell(told)
                return rows
        raise AssertionError

    async def _in_a_place(self, asked: _Asked) -> list[list[Row]] | None:
        """None where it takes long: others are not to wait for the place meanwhile."""
        longest = min(asked.timeout_ms, _LONGEST_IN_A_PLACE_MS)
        try:
            return await self._alone(replace(asked, briefly=True, timeout_ms=longest))
        except SpooledError as error:
            if takes_long(error.__cause__, waits_for_locks=not asked.briefly):
                return None
            raise

    async def _with_others(
        self, all_asked: Sequence[_Asked], *, lasting: bool
    ) -> list[list[list[Row]] | None]:
        """None for each that was undone. Raises UnavailableError when it is not known which hold."""
        timeout_ms = min(self._statement_timeout_ms, _LONGEST_IN_A_PLACE_MS)
        try:
            async with self._lease() as connection:
                beginning = _WITH_OTHERS[lasting and not connection.flushes]
                transactions = [
                    [
                        (beginning, (asked.scope.role, str(asked.scope.org_id), str(timeout_ms))),
                        *map(_sent, asked.statements),
                    ]
                    for asked in all_asked
                ]
                # However many they are: none of them waits longer than it might have to by itself.
                longest_ms = min(timeout_ms * sum(map(len, transactions)), self._statement_timeout_ms)
                with hung_up_after(connection, _patience(longest_ms)):
                    done = await commit_together(
                        connection, transactions, flush=lasting and connection.flushes
                    )
        except psycopg.Error as error:
            raise UnavailableError from error
        for committed in done:
            self._tell(committed.told if committed else ())
        return [committed.rows[1:] if committed else None for committed in done]

    async def fetch_one(self, scope: Scope, query: Query, **parameters: Any) -> Row | None:
        rows = await self.fetch(scope, query, **parameters)
        return rows[0] if rows else None

    @asynccontextmanager
    async def transaction(
        self, scope: Scope, *, hot: bool = False, briefly: bool = False
    ) -> AsyncIterator[Transaction]:
        """Several statements that hold or fall together; `hot` plans all of them as hot ones.

        `briefly` as `fetch_each` has it.
        """
        try:
            async with self._lease() as connection:
                with hung_up_after(connection, _patience(self._statement_timeout_ms)):
                    entering = self._entering(scope, hot=hot, briefly=briefly)
                    await one_trip(connection, [(b"BEGIN", ()), (_LIMIT_IDLING, ()), entering])
                told = connection.listen()
                yield Transaction(connection, self._statement_timeout_ms)
                # PostgreSQL undoes a transaction with a failed statement in it without a word.
                is_sound = connection.info.transaction_status == TransactionStatus.INTRANS
                with hung_up_after(connection, _patience(self._statement_timeout_ms)):
                    await one_trip(connection, [(b"COMMIT", ())])
            if is_sound:
                self._tell(told)
        except psycopg.Error as error:
            raise translate(error) from error

    def pool_figures(self) -> Mapping[str, int]:
        """How the pool of connections stands: `connections`, `in_use`, `limit`, `waiting`; empty without."""
        return self._connections.figures()

    async def close(self) -> None:
        await self._together.close()
        await self._connections.close()

    def _tell(self, told: Sequence[str]) -> None:
        """The change is committed: nothing that goes wrong from here on is its caller's."""
        if not told:
            return
        try:
            self._pass_on(told)
        except Exception:
            logger.exception("what was committed could not be passed on")

    def _entering(self, scope: Scope, *, hot: bool, briefly: bool, timeout_ms: int | None = None) -> Sent:
        timeout = str(timeout_ms or self._statement_timeout_ms)
        return _BEGINNINGS[hot, briefly], (scope.role, str(scope.org_id), timeout)

    async def _round_trip(
        self,
        connection: Connection,
        scope: Scope,
        statements: Sequence[Statement],
        *,
        briefly: bool,
        timeout_ms: int,
    ) -> list[list[Row]]:
        hot = all(statement.query.hot for statement in statements)
        entering = self._entering(scope, hot=hot, briefly=briefly, timeout_ms=timeout_ms)
        sent = [entering, *map(_sent, statements)]
        with hung_up_after(connection, _patience(timeout_ms, len(statements))):
            return (await one_trip(connection, sent, hot=hot))[1:]

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
                    await self._connections.renew(connection)
                raise
            finally:
                if connection.closed:
                    await self._connections.discard_broken()
                elif connection.info.transaction_status != TransactionStatus.IDLE:
                    await connection.rollback()
