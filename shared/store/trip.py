"""Several statements in one message to the server, and their answers in one back.

The statements go to the driver's binding of libpq, which is in C: a cursor for each would take longer than
all else that this process does for it.
"""

from typing import TYPE_CHECKING, NamedTuple

import psycopg
from psycopg.errors import error_from_result
from psycopg.generators import fetch_many, send
from psycopg.pq import ExecStatus
from psycopg.rows import DictRow

from shared.give_way import MANY, give_way

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg.abc import PQGen
    from psycopg.pq.abc import PGconn, PGresult

    from shared.store.connection import Bound, Connection, Sent

_FINE = {ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK}


class Answered(NamedTuple):
    """What the server says to a statement. heard: how much the connection had heard until then."""

    result: "PGresult"
    heard: int

    @property
    def is_fine(self) -> bool:
        return self.result.status in _FINE


async def one_trip(
    connection: "Connection", statements: "Sequence[Sent]", *, hot: bool = False
) -> list[list[DictRow]]:
    """Run statements as a transaction; the rows of each, which hold once this has returned.

    PostgreSQL takes the statements before a Sync for one transaction, so it needs no BEGIN and no COMMIT
    where none is open. Where statements are prepared at all, `hot` ones are at their first use.
    """
    async with connection.lock:
        bound = connection.write(statements, hot=hot)
        answers = await connection.wait(exchange(connection, bound))
        refused = next((answered.result for answered in answers if not answered.is_fine), None)
        if refused is not None:
            raise error_from_result(refused, connection.info.encoding)
        pairs = zip(bound, answers, strict=True)
        return [await _rows(connection, one, answered.result) for one, answered in pairs]


async def _rows(connection: "Connection", bound: "Bound", result: "PGresult") -> list[DictRow]:
    rows = connection.rows(bound, result, 0, MANY)
    for start in range(MANY, result.ntuples, MANY):
        await give_way()
        rows += connection.rows(bound, result, start, start + MANY)
    return rows


def exchange(connection: "Connection", statements: "Sequence[Bound]") -> "PQGen[list[Answered]]":
    """Send all in one go; what the server says to each, and the error of the commit if it failed.

    What comes after a statement that is refused is not run.
    """
    pgconn = connection.pgconn
    answers: list[Answered] = []
    connection.name(statements)
    pgconn.enter_pipeline_mode()
    try:
        for bound in statements:
            if bound.prepared is None:
                sql, types = bound.key
                pgconn.send_query_params(sql, bound.values, types, bound.formats)
                continue
            if bound.is_new:
                pgconn.send_prepare(bound.prepared.name, *bound.key)
            pgconn.send_query_prepared(bound.prepared.name, bound.values, bound.formats)
        pgconn.pipeline_sync()
        yield from send(pgconn)
        for bound in statements:
            prepared = (yield from _result(pgconn)) if bound.is_new else None
            result = yield from _result(pgconn)
            if prepared is not None and prepared.status in _FINE:
                connection.remember(bound)
            elif prepared is not None:
                result = prepared  # the error stands here
            answers.append(Answered(result, len(connection.heard)))
        commit = yield from _result(pgconn)
        if commit.status != ExecStatus.PIPELINE_SYNC:
            # The commit failed: its error stands in the place of the Sync, which is still to come.
            answers.append(Answered(commit, len(connection.heard)))
            yield from _result(pgconn)
    finally:
        _leave_pipeline(pgconn)
    return answers


def _result(pgconn: "PGconn") -> "PQGen[PGresult]":
    results: list[PGresult] = yield from fetch_many(pgconn)
    if len(results) != 1:
        raise psycopg.OperationalError("the connection was lost before all was answered")
    return results[0]


def _leave_pipeline(pgconn: "PGconn") -> None:
    try:
        pgconn.exit_pipeline_mode()
    except psycopg.OperationalError:
        pgconn.finish()  # whoever used it next would take what is still to come for its own answer
