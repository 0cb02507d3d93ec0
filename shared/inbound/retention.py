"""Retention: the log of inbound webhooks is kept as long as the plan keeps history."""

from datetime import datetime

from shared.core import Core
from shared.jobs.retention import delete_history


async def delete_old_deliveries(core: Core, now: datetime, deadline: float) -> int:
    """Forget the deliveries of each organization past its retention; they are no duplicates any more."""
    return await delete_history(core, "inbound_delivery", "created_at", now, deadline)
