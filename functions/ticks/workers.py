"""Every minute: workers that were silent for two minutes are forgotten."""

from datetime import datetime
from time import monotonic

from shared.core import Core
from shared.edge import every
from shared.edge.tick import Counts
from shared.workers.registry import forget_silent_workers


@every(60)
async def run_once(core: Core, now: datetime, budget_seconds: float) -> Counts:
    """Free their places in the plan, in batches while there are some and the budget lasts."""
    deadline = monotonic() + budget_seconds
    total = 0
    while monotonic() < deadline and (forgotten := await forget_silent_workers(core, now)):
        total += forgotten
    return {"forgotten": total}


handler = run_once.handler
