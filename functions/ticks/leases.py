"""Every minute, looping: jobs whose lease lapsed go back, jobs that expired are cancelled."""

from datetime import datetime

from shared.core import Core
from shared.edge import every
from shared.edge.tick import Counts
from shared.jobs.cancel import expire_jobs
from shared.jobs.leases import recover_all


@every(60)
async def run_once(core: Core, now: datetime, budget_seconds: float) -> Counts:
    """Recover what nobody holds any more."""
    recovered = await recover_all(core, now, budget_seconds)
    return {**recovered, "expired": await expire_jobs(core, now)}


handler = run_once.handler
