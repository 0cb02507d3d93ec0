"""Every minute, looping each second: acts on many jobs go on."""

from datetime import datetime

from shared.core import Core
from shared.edge import every
from shared.edge.tick import Counts
from shared.jobs.acts.run import run_acts


@every(60)
async def run_once(core: Core, now: datetime, budget_seconds: float) -> Counts:
    """Do what was confirmed, in chunks, organizations in turns, whoever else runs."""
    return await run_acts(core, now, budget_seconds)


handler = run_once.handler
