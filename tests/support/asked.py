"""What a process asks of the database."""

from typing import Any

import pytest

from shared.core import Core
from shared.store import Scope, Statement


def asked(core: Core, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the statements that the process runs from now on."""
    names: list[str] = []
    run = core.store.fetch_each

    async def counted(scope: Scope, statements: list[Statement], **how: Any) -> Any:
        names.extend(statement.query.name for statement in statements)
        return await run(scope, statements, **how)

    monkeypatch.setattr(core.store, "fetch_each", counted)
    return names
