"""Every hour: signed-out tokens that have expired are forgotten."""

from datetime import datetime
from time import monotonic

from shared.core import Core
from shared.edge import every
from shared.edge.tick import Counts
from shared.tenants.sessions import forget_expired_tokens


@every(3600)
async def run_once(core: Core, now: datetime, budget_seconds: float) -> Counts:
    """Delete in batches while there are some and the budget lasts."""
    deadline = monotonic() + budget_seconds
    total = 0
    while monotonic() < deadline and (forgotten := await forget_expired_tokens(core, now)):
        total += forgotten
    return {"forgotten": total}


handler = run_once.handler
