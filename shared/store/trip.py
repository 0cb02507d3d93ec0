"""Several statements in one message to the server, and their answers in one back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg.generators import fetch_many, send
from psycopg.pq import TransactionStatus

if TYPE_CHECKING:
    from psycopg.abc import PQGen

    from shared.store.connections import Connection


class _OneMessage(psycopg.AsyncPipeline):
    """psycopg's pipeline sends each statement by itself, and the server wakes for each of them."""

    def _communicate_gen(self) -> "PQGen[None]":
        """Nothing leaves before the end."""
        return
        yield

    def _exit_gen(self) -> "PQGen[None]":
        self._enqueue_sync()
        while self.command_queue:
            self.command_queue.popleft()()
        yield from send(self.pgconn)
        try:
            yield from self._fetch_gen(flush=False)
        except psycopg.Error:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                # The commit failed: its error stood in the place of the Sync, which is still to come.
                yield from fetch_many(self.pgconn)
            raise


@asynccontextmanager
async def one_trip(connection: "Connection") -> AsyncIterator[None]:
    """A transaction: what is executed in this block leaves at its end, and holds once the block is left.

    Only then are there results, or an error. PostgreSQL takes the statements before a Sync for one
    transaction, so it needs no BEGIN and no COMMIT where none is open.
    """
    connection._pipeline = _OneMessage(connection)  # noqa: SLF001 - it has no other way in
    async with connection.pipeline():
        yield
