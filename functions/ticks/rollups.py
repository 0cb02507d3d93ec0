"""Every minute: the totals behind the job statistics take in what was completed since."""

from datetime import datetime
from time import monotonic

from shared.core import Core
from shared.edge import every
from shared.edge.tick import Counts
from shared.jobs.stats import count_completed


@every(60)
async def run_once(core: Core, now: datetime, budget_seconds: float) -> Counts:
    """Count completed jobs once each, up to five minutes ago at most."""
    return {"organizations": await count_completed(core, now, monotonic() + budget_seconds)}


handler = run_once.handler
