"""Cancel: a job that has not run yet never will."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.errors import ConflictError
from shared.jobs.children import wake_others
from shared.jobs.model import CARRIED, SETTLED_STATES
from shared.jobs.read import JobNotFoundError, find_job
from shared.jobs.refusal import LOG
from shared.store import SYSTEM, Row, Transaction, load_queries, tenant
from shared.tenants.caller import Caller
from shared.webhooks.outbox import telling_of_jobs

QUERIES = load_queries(
    __file__,
    carried=CARRIED,
    log=LOG,
    told=telling_of_jobs("job.cancelled", rows="ended", previous="ended.previous", error="%(reason)s"),
)
_LOOKS = 3
"""A job that could not be cancelled, and then can be, was given back or revived meanwhile."""
CANCEL_JOBS = QUERIES["cancel_jobs"].filled(which=QUERIES["which_not_started"].sql)
CANCEL_STEPS = QUERIES["cancel_jobs"].filled(which=QUERIES["which_of_workflow"].sql)


async def cancel_job(core: Core, caller: Caller, public_id: str, now: datetime) -> None:
    """Cancel a pending or scheduled job.

    Raises JobNotFoundError, or ConflictError for a job in any other state.
    """
    job_id = ids.decode("job", public_id)
    for _ in range(_LOOKS):
        if await cancel_jobs(core, caller.org_id, [job_id], "Cancelled", now, queues=caller.queue_filter):
            return
        row = await find_job(core, caller, job_id)
        if row is None:
            raise JobNotFoundError
        state = row["state"]
        if state in SETTLED_STATES:
            raise ConflictError(f"Job is already {state}")
        if state != "pending":
            raise ConflictError("Job is processing: wait, or let its lease lapse")
    raise ConflictError("Job was changed by others again and again: try again")


async def cancel_jobs(
    core: Core,
    org_id: int,
    job_ids: Sequence[int],
    reason: str,
    now: datetime,
    *,
    queues: list[str] | None = None,
) -> list[Row]:
    """Move those of the jobs that have not started to the archive as cancelled, and return them."""
    parameters = _parameters(org_id, job_ids, reason, now, queues)
    rows = await core.store.fetch(tenant(org_id), CANCEL_JOBS, **parameters)
    wake_others(core, org_id, rows)
    return rows


async def cancel_within(
    transaction: Transaction, caller: Caller, job_ids: Sequence[int], reason: str, now: datetime
) -> list[Row]:
    """The same as part of a larger change, for a caller. `wake_others` follows its commit."""
    parameters = _parameters(caller.org_id, job_ids, reason, now, caller.queue_filter)
    return await transaction.fetch(CANCEL_JOBS, **parameters)


def _parameters(
    org_id: int, job_ids: Sequence[int], reason: str, now: datetime, queues: list[str] | None
) -> dict[str, Any]:
    return {
        "org_id": org_id,
        "ids": list(job_ids),
        "queues": queues,
        "workflow_id": None,
        "reason": reason,
        "now": now,
    }


async def cancel_steps(core: Core, org_id: int, workflow_id: int, reason: str, now: datetime) -> list[Row]:
    """Move all unfinished jobs of a workflow to the archive, end it as cancelled, and return the jobs."""
    rows = await core.store.fetch(
        tenant(org_id),
        CANCEL_STEPS,
        org_id=org_id,
        queues=None,
        workflow_id=workflow_id,
        reason=reason,
        now=now,
    )
    wake_others(core, org_id, rows)
    return rows


async def expire_jobs(core: Core, now: datetime, limit: int = 500) -> int:
    """Cancel the jobs, of all organizations, whose `expires_at` passed before they ran."""
    expired = await core.store.fetch(SYSTEM, QUERIES["find_expired"], now=now, limit=limit)
    by_org: dict[int, list[int]] = {}
    for row in expired:
        by_org.setdefault(row["org_id"], []).append(row["id"])
    count = 0
    for org_id, job_ids in by_org.items():
        count += len(await cancel_jobs(core, org_id, job_ids, "Expired before it ran", now))
    return count
