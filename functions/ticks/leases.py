"""Every minute, looping: jobs whose lease lapsed go back, jobs that expired are cancelled."""

from datetime import datetime

from shared.core import Core
from shared.edge import every
from shared.edge.tick import Counts
from shared.jobs.cancel import expire_jobs
from shared.jobs.leases import find_lapsed, recover_leases


@every(60)
async def run_once(core: Core, now: datetime, budget_seconds: float) -> Counts:  # noqa: ARG001 - bounded by its batches
    """Recover what nobody holds any more."""
    recovered = sum(
        [await recover_leases(core, org_id, queue, now) for org_id, queue in await find_lapsed(core, now)]
    )
    return {"recovered": recovered, "expired": await expire_jobs(core, now)}


handler = run_once.handler
