"""Retention: the audit log is kept as long as the plan keeps history."""

from datetime import datetime

from shared.core import Core
from shared.jobs.retention import delete_history


async def delete_old_entries(core: Core, now: datetime, deadline: float) -> int:
    """Forget the entries of each organization past its retention."""
    return await delete_history(core, "audit_entry", "begun_at", now, deadline)
