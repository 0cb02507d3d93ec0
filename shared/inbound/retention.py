"""Retention: the log of inbound webhooks is kept as long as the plan keeps history."""

from datetime import datetime

from shared.core import Core
from shared.jobs.retention import in_rounds
from shared.store import load_queries

QUERIES = load_queries(__file__)


async def delete_old_deliveries(core: Core, now: datetime, deadline: float) -> int:
    """Forget the deliveries of each organization past its retention; they are no duplicates any more."""
    return await in_rounds(core, QUERIES["delete_old_deliveries"], "history_retention_days", now, deadline)
