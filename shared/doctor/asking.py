"""Asking the database: as the login itself, since the roles of a database may be what is wrong with it."""

from typing import Any

from shared.doctor.installation import Installation
from shared.errors import SpooledError
from shared.store import Query, Row, Scope

LOGIN = Scope("none", 0)
"""The role that logged in: it takes neither of the two."""


async def ask(installation: Installation, query: Query, scope: Scope = LOGIN, **parameters: Any) -> list[Row]:
    """The rows of a statement. Raises as `Store.fetch`."""
    assert installation.core is not None, "the first check of the area sees to it"
    return await installation.core.store.fetch(scope, query, **parameters)


async def ask_one(installation: Installation, query: Query, **parameters: Any) -> Row:
    """The one row of a statement that has one."""
    (row,) = await ask(installation, query, **parameters)
    return row


def state_of(error: SpooledError) -> str:
    """The SQLSTATE that the database gave, empty where it gave none."""
    return str(getattr(error.__cause__, "sqlstate", "") or "")


def words_of(error: SpooledError) -> str:
    """What the database or its driver said, on one line."""
    return " ".join(str(error.__cause__ or error).split())
