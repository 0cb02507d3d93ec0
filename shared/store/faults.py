"""Database errors in the service's own terms."""

import psycopg

from shared.errors import ConflictError, FaultError, InvalidInputError, SpooledError, UnavailableError

_RETRYABLE = {"40001", "40P01"}  # serialization failure, deadlock: the database undid everything
_AWAY = ("08", "53", "57P")  # connection, out of resources, shut-down


class UniqueViolationError(ConflictError):
    """There is one already."""

    def __init__(self, constraint: str) -> None:
        super().__init__()
        self.constraint = constraint


def is_retryable(error: psycopg.Error) -> bool:
    """Whether the transaction was undone whole and may simply run again."""
    return error.sqlstate in _RETRYABLE


def translate(error: psycopg.Error) -> SpooledError:
    """The service's error for a database error; the caller raises it `from` the original."""
    state = error.sqlstate or ""
    if state == "23505":
        return UniqueViolationError(error.diag.constraint_name or "")
    if state == "57014":
        return UnavailableError(
            "The statement took too long and was stopped; narrow the request or try again."
        )
    if (
        state.startswith(_AWAY)
        or state in _RETRYABLE
        or (not state and isinstance(error, psycopg.OperationalError))
    ):
        return UnavailableError()
    if state.startswith("22"):
        return InvalidInputError(f"A value cannot be stored: {error.diag.message_primary or 'out of range'}")
    return FaultError()
