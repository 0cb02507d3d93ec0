"""Every minute: all figures take in what was made and what ended since; what is kept for minutes goes."""

from datetime import datetime
from time import monotonic

from shared.core import Core
from shared.edge import every
from shared.edge.tick import Counts
from shared.jobs.figures import count_slots, forget_old_slots
from shared.live.retention import forget_old_happenings


@every(60)
async def run_once(core: Core, now: datetime, budget_seconds: float) -> Counts:
    """Count each job once, up to six minutes ago at most.

    Forget the slots of the day before, and what was kept for readers of live events, after ten minutes.
    """
    deadline = monotonic() + budget_seconds
    return {
        "organizations": await count_slots(core, now, deadline),
        "old_slots": await forget_old_slots(core, now, deadline),
        "old_happenings": await forget_old_happenings(core.store, now, deadline),
    }


handler = run_once.handler
