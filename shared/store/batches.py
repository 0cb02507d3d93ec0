"""A long deletion in short statements."""

from time import monotonic
from typing import Any

from shared.store.queries import Query
from shared.store.store import SYSTEM, Store

_BATCH = 1_000


async def in_batches(store: Store, query: Query, deadline: float, **parameters: Any) -> int:
    """Run a query that returns a row for each thing it deletes until it finds less than it may delete.

    deadline: of the monotonic clock; the batch that is under way then is the last. Returns how much it was.
    """
    total = 0
    while True:
        rows = await store.fetch(SYSTEM, query, **parameters, limit=_BATCH)
        total += len(rows)
        if len(rows) < _BATCH or monotonic() >= deadline:
            return total
