"""Every minute, looping each second: schedules that are due make their jobs."""

from datetime import datetime

from shared.core import Core
from shared.edge import every
from shared.edge.tick import Counts
from shared.schedules.fire import fire_due


@every(60)
async def run_once(core: Core, now: datetime, budget_seconds: float) -> Counts:
    """Fire each slot that is due, once, whoever else runs."""
    return await fire_due(core, now, budget_seconds)


handler = run_once.handler
