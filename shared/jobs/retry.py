"""Retry: a dead job comes back to life with its counters cleared."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.errors import ConflictError
from shared.jobs.model import CARRIED, job_answer
from shared.jobs.read import JobNotFoundError, find_job
from shared.jobs.refusal import LOG
from shared.store import Row, load_queries
from shared.tenants.caller import Caller

QUERIES = load_queries(__file__, carried=CARRIED, log=LOG.replace("job.", "removed."))
RETRIED_STATES = ("failed", "deadletter")


async def retry_job(core: Core, caller: Caller, public_id: str, now: datetime) -> dict[str, Any]:
    """Make a dead job runnable at once.

    Raises JobNotFoundError, or ConflictError for a job that is not dead.
    """
    job_id = ids.decode("job", public_id)
    rows = await retry_jobs(core, caller, [job_id], now)
    if rows:
        return job_answer(rows[0], now)
    row = await find_job(core, caller, job_id)
    if row is None:
        raise JobNotFoundError
    raise ConflictError(f"Job is {row['state']}: only failed and dead-lettered jobs can be retried")


async def retry_jobs(
    core: Core,
    caller: Caller,
    job_ids: Sequence[int],
    now: datetime,
    states: Sequence[str] = RETRIED_STATES,
) -> list[Row]:
    """Move those of the jobs that are in one of the states back to their queues, and return them.

    They are runnable now; what was cancelled because of them comes back too, to wait for them again.
    """
    asked = set(job_ids)
    rows = await core.store.fetch(
        caller.scope,
        QUERIES["retry_jobs"],
        org_id=caller.org_id,
        ids=list(job_ids),
        queues=caller.queue_filter,
        states=list(states),
        now=now,
    )
    for row in rows:
        if row["state"] == "pending":
            core.wakeups.notify(caller.org_id, row["queue"])
    return [row for row in rows if row["id"] in asked]
