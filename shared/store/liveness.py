"""Whether anybody is still at the other end: what a freeze, a failover or a silent network leaves behind."""

import asyncio
import os
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from shared.store.connection import Connection

_ANSWER_SECONDS = 1.0


def has_spoken(connection: "Connection") -> bool:
    """Whether the server said something unasked: it has closed, or says that it is about to. No round trip.

    Nothing else is said to an idle connection, but for a setting that was reloaded: a new one costs little.
    """
    watched = select.poll()
    watched.register(connection.pgconn.socket, select.POLLIN)
    return bool(watched.poll(0))


async def answers(connection: "Connection") -> bool:
    """Whether the server answers soon: one round trip, in which nothing is asked."""
    try:
        with hung_up_after(connection, _ANSWER_SECONDS):
            await connection.execute("", prepare=False)
    except psycopg.Error:
        return False
    return True


@contextmanager
def hung_up_after(connection: psycopg.AsyncConnection[Any], seconds: float) -> Iterator[None]:
    """Close the line under a block that takes longer: what waits for the server fails there and then.

    To cancel the task would not do: the driver then asks the server, which does not answer, to stop.
    """
    timer = asyncio.get_running_loop().call_later(seconds, _hang_up, connection)
    try:
        yield
    finally:
        timer.cancel()


def _hang_up(connection: psycopg.AsyncConnection[Any]) -> None:
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.pgconn.socket)) as line:
        line.shutdown(socket.SHUT_RDWR)
