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
from shared.limits.charge import are_limited, charge
from shared.store import Row, Transaction, load_queries
from shared.tenants.caller import Caller
from shared.webhooks.outbox import telling_of_jobs

QUERIES = load_queries(
    __file__,
    carried=CARRIED,
    log=LOG.replace("job.", "removed."),
    told=telling_of_jobs(
        "job.retried",
        rows="revived",
        # The entry before the one of this change says how it ended.
        previous="CASE revived.log -> -2 ->> 'event' WHEN 'cancelled' THEN 'cancelled' ELSE 'deadletter' END",
    ),
)
RETRIED_STATES = ("failed", "deadletter")


async def retry_job(core: Core, caller: Caller, public_id: str, now: datetime) -> dict[str, Any]:
    """Make a dead job runnable at once.

    Raises JobNotFoundError, ConflictError for a job that is not dead, or QuotaExceededError.
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

    They are runnable now; what was cancelled because of them comes back too, to wait for them again. Raises
    QuotaExceededError when the plan has no room for all of these as active jobs; none comes back then.
    """
    if are_limited(caller.limits, "active_jobs"):
        async with core.store.transaction(caller.scope, hot=True) as transaction:
            rows = await retry_within(transaction, caller, job_ids, now, states)
    else:
        parameters = _parameters(caller, job_ids, now, states)
        rows = await core.store.fetch(caller.scope, QUERIES["retry_jobs"], **parameters)
    wake_for_retried(core, caller, rows)
    asked = set(job_ids)
    return [row for row in rows if row["id"] in asked]


async def retry_within(
    transaction: Transaction,
    caller: Caller,
    job_ids: Sequence[int],
    now: datetime,
    states: Sequence[str] = RETRIED_STATES,
) -> list[Row]:
    """The same as part of a larger change: all that came back. `wake_for_retried` follows its commit."""
    rows = await transaction.fetch(QUERIES["retry_jobs"], **_parameters(caller, job_ids, now, states))
    await charge(transaction, caller.org_id, caller.limits, {"active_jobs": len(rows)}, now)
    return rows


def wake_for_retried(core: Core, caller: Caller, rows: Sequence[Row]) -> None:
    """Wake who waits for the jobs that came back."""
    for row in rows:
        if row["state"] == "pending":
            core.wakeups.notify(caller.org_id, row["queue"], places=[(row["priority"], row["run_at"])])


def _parameters(
    caller: Caller, job_ids: Sequence[int], now: datetime, states: Sequence[str]
) -> dict[str, Any]:
    return {
        "org_id": caller.org_id,
        "ids": list(job_ids),
        "queues": caller.queue_filter,
        "states": list(states),
        "now": now,
    }
