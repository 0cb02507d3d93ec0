"""Group commit: transactions of several travel in one message, and wait for the disk once.

Each begins and ends by itself, with its own role and organization, so that each holds or is undone by itself.
Only the last statement of the message waits for the disk, and then all that was committed is on it. Where
the server has no such statement, each waits for itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING

import psycopg
from psycopg.errors import error_from_result
from psycopg.rows import DictRow

from shared.store.faults import is_outdated
from shared.store.trip import Answered, exchange, one_trip

if TYPE_CHECKING:
    from shared.store.connection import Bound, Connection, Sent

_BEGIN: "Sent" = (b"BEGIN", ())
_COMMIT: "Sent" = (b"COMMIT", ())
_FLUSH = (
    # The least that PostgreSQL waits for. A standby that is to be waited for may be behind the own disk.
    b"SELECT pg_logical_emit_message(true, 'spooled', '') WHERE"
    b" pg_current_wal_insert_lsn() > pg_current_wal_flush_lsn()"
    b" OR current_setting('synchronous_standby_names') <> ''"
)


_CAN_FLUSH = (
    b"SELECT pg_logical_emit_message(true, 'spooled', ''), pg_current_wal_insert_lsn(),"
    b" pg_current_wal_flush_lsn()"
)


@dataclass(frozen=True, slots=True)
class Committed:
    """The rows of each statement of a transaction, and what they told."""

    rows: list[list[DictRow]]
    told: list[str]


async def commit_together(
    connection: "Connection", transactions: "Sequence[Sequence[Sent]]", *, flush: bool
) -> list[Committed | None]:
    """Run transactions one after the other; None for each that was undone, or not even begun.

    Those behind one that was refused are not begun.
    `flush`: they set `synchronous_commit` off, and what holds is on the disk once this has returned.
    Raises psycopg.Error when it is not known which hold.
    """
    heard = connection.listen()
    async with connection.lock:
        members = [_written(connection, transaction) for transaction in transactions]
        last = connection.write([(_FLUSH, ())] if flush else [], hot=True)
        answers = await connection.wait(exchange(connection, [*chain(*members), *last]))
    ends = accumulate(map(len, members), initial=0)
    done = [
        _committed(connection, member, answers[start:end], heard)
        for member, (start, end) in zip(members, pairwise(ends), strict=True)
    ]
    refused = next((answered.result for answered in answers if not answered.is_fine), None)
    if refused is not None:
        await connection.rollback()
        if flush:
            await one_trip(connection, [(_FLUSH, ())])
        if is_outdated(error_from_result(refused, connection.info.encoding)):
            await connection.close()
    return done


async def can_flush(connection: "Connection") -> bool:
    """Whether the server has what makes others' commits last; a hosted one may refuse it.

    Raises psycopg.Error when the connection is lost.
    """
    try:
        await connection.execute(_CAN_FLUSH, prepare=False)
    except psycopg.Error:
        if connection.closed:
            raise
        return False
    return True


def _written(connection: "Connection", transaction: "Sequence[Sent]") -> "list[Bound]":
    """Nothing of one that cannot be sent."""
    try:
        return connection.write([_BEGIN, *transaction, _COMMIT], hot=True)
    except (psycopg.Error, ValueError, OverflowError):
        return []


def _committed(
    connection: "Connection", member: "Sequence[Bound]", answers: Sequence[Answered], heard: Sequence[str]
) -> Committed | None:
    if not answers or not answers[-1].is_fine:
        return None
    inside = [*zip(member, answers, strict=True)][1:-1]
    rows = [connection.rows(bound, answered.result) for bound, answered in inside]
    return Committed(rows, [*heard[answers[0].heard : answers[-1].heard]])
