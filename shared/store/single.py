"""The one connection of a Lambda environment: opened once, kept, opened again after failover or freeze."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from time import time
from typing import TYPE_CHECKING

import psycopg

from shared.store.connection import Connection
from shared.store.connections import connect
from shared.store.faults import is_turned_away
from shared.store.liveness import answers, has_spoken

if TYPE_CHECKING:
    from shared.settings import Settings

logger = logging.getLogger("spooled.store")
_LONG_IDLE_SECONDS = 30.0


class SingleConnection:
    """One transaction at a time; tasks of one invocation wait for each other.

    A connection is looked at before anything is sent, so that a dead one is replaced and nothing runs twice.

    wall_clock: goes on while the environment is frozen, which the others need not.
    read_again: the settings as they are now, asked for when the server turns the known login away.
    """

    def __init__(
        self,
        settings: "Settings",
        wall_clock: Callable[[], float] = time,
        *,
        read_again: "Callable[[], Settings] | None" = None,
    ) -> None:
        self._settings = settings
        self._read_again = read_again
        self._wall_clock = wall_clock
        self._connection: Connection | None = None
        self._left_at = 0.0
        self._turn = asyncio.Lock()
        self._holder: asyncio.Task[object] | None = None

    @asynccontextmanager
    async def lease(self) -> AsyncIterator[Connection]:
        task = asyncio.current_task()
        if self._holder is task:
            raise RuntimeError("a transaction is open in this task, and there is one connection")
        async with self._turn:
            self._holder = task
            try:
                yield await self._sound()
            finally:
                self._holder = None
                self._left_at = self._wall_clock()

    async def discard_broken(self) -> None:
        """Nothing to do: the next lease looks."""

    async def renew(self, outdated: Connection) -> None:
        """Nothing to do: it was the only one."""

    def figures(self) -> Mapping[str, int]:
        return {}

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def _sound(self) -> Connection:
        known = self._connection
        if known is not None and not known.closed:
            # A clock that was set back says nothing of how long it was.
            idle = abs(self._wall_clock() - self._left_at)
            if not has_spoken(known) and (idle < _LONG_IDLE_SECONDS or await answers(known)):
                return known
            await known.close()
        self._connection = await self._connected()
        return self._connection

    async def _connected(self) -> Connection:
        """Nothing was sent yet when the server turned the login away, so it may be tried once more."""
        try:
            return await connect(self._settings)
        except psycopg.OperationalError as error:
            if self._read_again is None or not is_turned_away(error):
                raise
            known, self._settings = self._settings.database_url, self._read_again()
            if self._settings.database_url == known:
                raise
            logger.info("the database login was changed, and is read again")
            return await connect(self._settings)
