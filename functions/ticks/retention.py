"""Every hour: partitions of the archive ahead of time, and an end to what was kept long enough."""

from datetime import datetime
from time import monotonic

from shared.audit.retention import delete_old_entries
from shared.core import Core
from shared.edge import every
from shared.edge.tick import Counts
from shared.inbound.retention import delete_old_deliveries
from shared.jobs.acts.retention import delete_old_acts
from shared.jobs.causes import fill_causes
from shared.jobs.retention import (
    delete_old_idempotency_keys,
    delete_old_jobs,
    drop_partitions,
    make_partitions,
)
from shared.tenants.closing import purge_deleted_organizations
from shared.webhooks.retention import delete_old_webhook_deliveries
from shared.workflows.retention import delete_old_dependencies, delete_old_workflows


@every(3600)
async def run_once(core: Core, now: datetime, budget_seconds: float) -> Counts:
    """Make partitions ahead and delete what is past its retention, in batches, while the budget lasts.

    Dead letters from before there were causes get theirs.
    """
    deadline = monotonic() + budget_seconds
    return {
        "partitions_made": await make_partitions(core, now),
        "partitions_dropped": await drop_partitions(core, now, deadline),
        "idempotency_keys": await delete_old_idempotency_keys(core, now, deadline),
        "organizations": await purge_deleted_organizations(core, now, deadline),
        "causes": await fill_causes(core, deadline),
        "jobs": await delete_old_jobs(core, now, deadline),
        "acts": await delete_old_acts(core, now, deadline),
        "audit": await delete_old_entries(core, now, deadline),
        "inbound_deliveries": await delete_old_deliveries(core, now, deadline),
        "deliveries": await delete_old_webhook_deliveries(core, now, deadline),
        "workflows": await delete_old_workflows(core, now, deadline),
        "dependencies": await delete_old_dependencies(core, now, deadline),
    }


handler = run_once.handler
