"""Database errors in the service's own terms."""

import psycopg

from shared.errors import ConflictError, FaultError, InvalidInputError, SpooledError, UnavailableError

_RETRYABLE = {"40001", "40P01"}  # serialization failure, deadlock: the database undid everything
_OUTDATED = {"25006", "0A000"}  # a writer that reads only now; what was prepared before the schema changed
_UNKNOWN_THERE = {"42P01", "42703", "42883"}  # a table, a column, a function
_AWAY = ("08", "53", "57P", "25P03")  # connection, out of resources, shut-down, idle in a transaction


class UniqueViolationError(ConflictError):
    """There is one already."""

    def __init__(self, constraint: str) -> None:
        super().__init__()
        self.constraint = constraint


class StoppedError(UnavailableError):
    """The statement took too long and was stopped; narrow the request or try again."""


class SchemaBehindError(UnavailableError):
    """The database does not have the schema of this release yet; try again when its migrations have run."""


def is_retryable(error: psycopg.Error) -> bool:
    """Whether the transaction was undone whole and may simply run again."""
    return error.sqlstate in _RETRYABLE or is_outdated(error)


def is_outdated(error: psycopg.Error) -> bool:
    """Whether the server refused what a new connection, perhaps to another server, may do."""
    return error.sqlstate in _OUTDATED


def takes_long(error: BaseException | None, *, waits_for_locks: bool) -> bool:
    """Whether a statement was stopped since it took long, or waited long for a lock where it may wait."""
    state = error.sqlstate if isinstance(error, psycopg.Error) else None
    return state == "57014" or (state == "55P03" and waits_for_locks)


def is_turned_away(error: psycopg.Error) -> bool:
    """Whether a connection failed after the server had asked for the password, which may be an old one.

    28P01 and 28000 look so, and little else does. The SQLSTATE itself is not told of a failed connection, and
    the message is in the language of the server.
    """
    attempt = error.pgconn
    return attempt is not None and bool(attempt.used_password or attempt.needs_password)


def translate(error: psycopg.Error) -> SpooledError:
    """The service's error for a database error; the caller raises it `from` the original."""
    state = error.sqlstate or ""
    if state == "23505":
        return UniqueViolationError(error.diag.constraint_name or "")
    if state == "57014":
        return StoppedError()
    if state in _UNKNOWN_THERE:
        return SchemaBehindError()
    if (
        state.startswith(_AWAY)
        or is_retryable(error)
        or (not state and isinstance(error, psycopg.OperationalError))
    ):
        return UnavailableError()
    if state.startswith("22"):
        return InvalidInputError(f"A value cannot be stored: {error.diag.message_primary or 'out of range'}")
    return FaultError()
