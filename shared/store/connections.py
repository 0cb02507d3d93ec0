"""Where connections come from: a pool in a long-lived process, one connection in a Lambda environment."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

import orjson
import psycopg
from psycopg.adapt import Buffer, Loader
from psycopg.rows import DictRow, dict_row
from psycopg.types.json import set_json_loads

if TYPE_CHECKING:
    from psycopg_pool import AsyncConnectionPool

    from shared.settings import Settings

Connection = psycopg.AsyncConnection[DictRow]


class Connections(Protocol):
    """A source of connections; `lease` gives one for the length of a transaction."""

    def lease(self) -> AbstractAsyncContextManager[Connection]: ...

    async def discard_broken(self) -> None:
        """Test idle connections after one was found broken, so that the next caller gets a sound one."""

    async def close(self) -> None: ...


class RawJsonLoader(Loader):
    """A `json` column is the user's: it goes out as it came in, never parsed (`jsonb` columns are ours)."""

    def load(self, data: Buffer) -> orjson.Fragment:
        return orjson.Fragment(bytes(data))


def _connect_arguments(settings: "Settings") -> dict[str, Any]:
    return {
        "autocommit": True,
        "row_factory": dict_row,
        "prepare_threshold": settings.prepare_threshold or None,
        "connect_timeout": settings.connect_timeout_seconds,
        "application_name": "spooled",
    }


async def _configure(connection: Connection) -> None:
    connection.adapters.register_loader("json", RawJsonLoader)
    set_json_loads(orjson.loads, connection)
    connection.adapters.register_loader("json", RawJsonLoader)


class PooledConnections:
    """Connections of a long-lived process."""

    def __init__(self, pool: "AsyncConnectionPool[Connection]") -> None:
        self._pool = pool

    @classmethod
    async def open(cls, settings: "Settings") -> "PooledConnections":
        """Open the pool; the first connections are made in the background."""
        from psycopg_pool import AsyncConnectionPool  # noqa: PLC0415 - no function in Lambda needs it

        pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            settings.database_url,
            kwargs=_connect_arguments(settings),
            configure=_configure,
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

    def lease(self) -> AbstractAsyncContextManager[Connection]:
        return self._pool.connection()

    async def discard_broken(self) -> None:
        await self._pool.check()

    async def close(self) -> None:
        await self._pool.close()


class SingleConnection:
    """The one connection of a Lambda environment: opened once, reused, opened again after a failover."""

    def __init__(self, settings: "Settings") -> None:
        self._settings = settings
        self._connection: Connection | None = None

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[Connection]:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(
                self._settings.database_url, **_connect_arguments(self._settings)
            )
            await _configure(self._connection)
        yield self._connection

    async def discard_broken(self) -> None:
        if self._connection is not None and self._connection.broken:
            await self._connection.close()

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
