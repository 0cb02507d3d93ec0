"""The pool of a long-lived process: a module of its own, as no function in Lambda needs its library."""

import psycopg
from psycopg_pool import AsyncConnectionPool

from shared.store.connection import Connection
from shared.store.liveness import answers


class Pool(AsyncConnectionPool[Connection]):
    """One that does not wait for an idle connection to which nobody answers."""

    @staticmethod
    async def check_connection(conn: Connection) -> None:
        """Raises OperationalError when the server does not answer soon: the network may swallow all."""
        if not await answers(conn):
            raise psycopg.OperationalError("the server of an idle connection does not answer")
