"""Every minute: the totals and slots behind all figures take in what was made and what ended since."""

from datetime import datetime
from time import monotonic

from shared.core import Core
from shared.edge import every
from shared.edge.tick import Counts
from shared.jobs.figures import count_slots, forget_old_slots


@every(60)
async def run_once(core: Core, now: datetime, budget_seconds: float) -> Counts:
    """Count each job once, up to six minutes ago at most, and forget the slots of the day before."""
    deadline = monotonic() + budget_seconds
    return {
        "organizations": await count_slots(core, now, deadline),
        "old_slots": await forget_old_slots(core, now, deadline),
    }


handler = run_once.handler
