"""How long it is kept what happened, for readers without Redis."""

from datetime import datetime, timedelta

from shared.store import Store, in_batches, load_queries

QUERIES = load_queries(__file__)
KEPT = timedelta(minutes=10)


async def forget_old_happenings(store: Store, now: datetime, deadline: float) -> int:
    """Forget what happened more than ten minutes ago, in batches, and return how much it was."""
    return await in_batches(store, QUERIES["forget_old_happenings"], deadline, told_before=now - KEPT)
