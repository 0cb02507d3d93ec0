"""Retention: acts that have ended are kept as long as the plan keeps history."""

from datetime import datetime

from shared.core import Core
from shared.jobs.retention import delete_history


async def delete_old_acts(core: Core, now: datetime, deadline: float) -> int:
    """Forget the acts of each organization that ended before its retention."""
    return await delete_history(core, "job_act", "finished_at", now, deadline)
