"""How long it is kept what happened, for readers without Redis."""

from datetime import datetime, timedelta
from time import monotonic

from shared.store import SYSTEM, Store, load_queries

QUERIES = load_queries(__file__)
KEPT = timedelta(minutes=10)
_BATCH = 5_000


async def forget_old_happenings(store: Store, now: datetime, deadline: float) -> int:
    """Forget what happened more than ten minutes ago, in batches, and return how much it was."""
    total = 0
    while True:
        rows = await store.fetch(
            SYSTEM, QUERIES["forget_old_happenings"], told_before=now - KEPT, limit=_BATCH
        )
        total += len(rows)
        if len(rows) < _BATCH or monotonic() >= deadline:
            return total
