"""What a statement needs that several requests share (`shared/together.py`)."""

from collections.abc import Sequence

from shared.core import Core
from shared.store import Row, Statement, load_queries
from shared.tenants.caller import Caller

WAIT_BRIEFLY = Statement(load_queries(__file__)["wait_briefly"], {})
LARGEST_SHARED = 65_536
"""Characters that a request brings: a larger one takes long by itself and gains nothing in company."""


async def fetch_each(
    core: Core, caller: Caller, statements: Sequence[Statement], *, are_shared: bool
) -> list[list[Row]]:
    """Run statements in one transaction; several requests' wait for no lock for long. The rows of each."""
    if not are_shared:
        return await core.store.fetch_each(caller.scope, statements)
    return (await core.store.fetch_each(caller.scope, [WAIT_BRIEFLY, *statements]))[1:]
