"""Every minute, looping each second: webhooks hear of what happened."""

from datetime import datetime

from shared.core import Core
from shared.edge import every
from shared.edge.tick import Counts
from shared.webhooks.deliver import deliver_due


@every(60, uses=("internet",))
async def run_once(core: Core, now: datetime, budget_seconds: float) -> Counts:
    """Send each delivery that is due, at least once, whoever else runs."""
    return await deliver_due(core, now, budget_seconds)


handler = run_once.handler
