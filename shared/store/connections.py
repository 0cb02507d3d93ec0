"""Where connections come from: what all have in common, and the pool of a long-lived process."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any, Protocol

import orjson
import psycopg
from psycopg.adapt import Buffer, Loader
from psycopg.rows import dict_row
from psycopg.types.array import ListBinaryDumper
from psycopg.types.json import set_json_loads
from psycopg.types.numeric import Int8BinaryDumper

from shared.errors import UnavailableError
from shared.store.connection import Connection
from shared.store.group_commit import can_flush

if TYPE_CHECKING:
    from shared.settings import Settings
    from shared.store.pool import Pool

_PREPARE_THRESHOLD = 5
_KEEPALIVE_SECONDS = 5
_STUCK_SECONDS = 1.0
"""Nobody waits for a connection when all are in use and none has come back for so long."""


class BusyError(UnavailableError):
    """The database has more to do at the moment than it can; try again shortly."""


class Connections(Protocol):
    """A source of connections; `lease` gives one for the length of a transaction."""

    def lease(self) -> AbstractAsyncContextManager[Connection]: ...

    async def discard_broken(self) -> None:
        """Test idle connections after one was found broken, so that the next caller gets a sound one."""

    async def renew(self, outdated: Connection) -> None:
        """Leave all that are as old as this one: the schema has changed, or another server is the writer."""

    def figures(self) -> Mapping[str, int]:
        """How a pool stands, for metrics; empty where there is none."""

    async def close(self) -> None: ...


class RawJsonLoader(Loader):
    """A `json` column is the user's: it goes out as it came in, never parsed (`jsonb` columns are ours)."""

    def load(self, data: Buffer) -> orjson.Fragment:
        return orjson.Fragment(bytes(data))


def _connect_arguments(settings: "Settings") -> dict[str, Any]:
    return {
        "autocommit": True,
        "row_factory": dict_row,
        "cursor_factory": psycopg.AsyncRawCursor,
        "prepare_threshold": _PREPARE_THRESHOLD
        if settings.prepare_threshold is None
        else settings.prepare_threshold or None,
        "connect_timeout": settings.connect_timeout_seconds,
        # A peer that is gone without a word is noticed while a statement is on its way, and while it runs.
        "tcp_user_timeout": settings.connect_timeout_seconds * 1000,
        "keepalives_idle": _KEEPALIVE_SECONDS,
        "keepalives_interval": _KEEPALIVE_SECONDS,
        "keepalives_count": 3,
        "application_name": "spooled",
    }


async def connect(settings: "Settings") -> Connection:
    """A connection of its own."""
    connection = await Connection.connect(settings.database_url, **_connect_arguments(settings))
    try:
        await _configure(connection, settings)
    except BaseException:
        await connection.close()
        raise
    return connection


async def _configure(connection: Connection, settings: "Settings") -> None:
    set_json_loads(orjson.loads, connection)
    connection.adapters.register_loader("json", RawJsonLoader)
    # The driver would choose a type by the size of a number, and each type is a statement to prepare.
    connection.adapters.register_dumper(int, Int8BinaryDumper)
    # Of those for lists the last is taken: the other escapes each text anew, and payloads are full of quotes.
    connection.adapters.register_dumper(list, ListBinaryDumper)
    if settings.prepare_threshold is None and await _is_pooled(connection):
        connection.prepare_threshold = None


async def _configure_in_pool(connection: Connection, settings: "Settings") -> None:
    await _configure(connection, settings)
    connection.flushes = await can_flush(connection)


async def _is_pooled(connection: Connection) -> bool:
    """Whether a pooler stands between: the server's process is not the one that was greeted.

    Behind it a statement may meet another client's prepared one of the same name, and run that.
    """
    cursor = await connection.execute("SELECT pg_backend_pid() AS pid", prepare=False)
    row = await cursor.fetchone()
    return row is None or row["pid"] != connection.pgconn.backend_pid


class PooledConnections:
    """Connections of a long-lived process."""

    def __init__(self, pool: "Pool") -> None:
        self._pool = pool
        self._leased = self._waiting = 0
        self._renewed_at = float("-inf")
        self._came_back_at = monotonic()

    @classmethod
    async def open(cls, settings: "Settings") -> "PooledConnections":
        """Open the pool; the first connections are made in the background."""
        from shared.store.pool import Pool  # noqa: PLC0415 - no function in Lambda needs it

        pool = Pool(
            settings.database_url,
            connection_class=Connection,
            kwargs=_connect_arguments(settings),
            configure=lambda connection: _configure_in_pool(connection, settings),
            min_size=min(2, settings.database_pool_size),
            max_size=settings.database_pool_size,
            timeout=settings.connect_timeout_seconds,
            max_waiting=2_000,
            # Give up early and begin anew with the next request: the pauses between attempts grow with time.
            reconnect_timeout=settings.connect_timeout_seconds,
            max_idle=60,
            open=False,
        )
        await pool.open()
        return cls(pool)

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[Connection]:
        task = asyncio.current_task()
        requests = task.cancelling() if task else 0
        # Not `connection()` of the pool, which would commit what has no transaction open.
        self._waiting += 1
        try:
            connection = await self._from_pool()
        finally:
            self._waiting -= 1
        self._leased += 1
        try:
            # The pool waits with wait_for: in Python 3.11 it swallows a cancellation that comes together with
            # the connection, and a task that was told to end would go on for ever.
            if task and task.cancelling() > requests:
                raise asyncio.CancelledError
            yield connection
        finally:
            self._leased -= 1
            self._came_back_at = monotonic()
            await self._pool.putconn(connection)

    async def _from_pool(self) -> Connection:
        """Raises BusyError when all are in use, and none came back for a while or it has waited for long."""
        from psycopg_pool import PoolTimeout, TooManyRequests  # noqa: PLC0415 - as above

        patience, deadline = _STUCK_SECONDS, monotonic() + self._pool.timeout
        while True:
            try:
                return await self._pool.getconn(min(patience, max(0.001, deadline - monotonic())))
            except TooManyRequests:
                raise BusyError from None
            except PoolTimeout:
                now = monotonic()
                is_full = self._leased >= self._pool.max_size
                if is_full and (now >= deadline or now - self._came_back_at >= patience):
                    raise BusyError from None
                if now >= deadline:
                    raise

    def are_short(self) -> bool:
        """Whether more wait for a connection than can have one."""
        return self._waiting > self._pool.max_size

    async def discard_broken(self) -> None:
        await self._pool.check()

    async def renew(self, outdated: Connection) -> None:
        # Once for all that were there: those that are made now are not to be left for what an older one met.
        if outdated.opened_at > self._renewed_at:
            self._renewed_at = monotonic()
            await self._pool.drain()

    def figures(self) -> Mapping[str, int]:
        told = self._pool.get_stats()
        return {
            "connections": told["pool_size"],
            "in_use": told["pool_size"] - told["pool_available"],
            "limit": told["pool_max"],
            "waiting": told["requests_waiting"],
        }

    async def close(self) -> None:
        await self._pool.close()
