"""Priority: moving a job that waits to another place in its queue."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.jobs.read import JobNotFoundError
from shared.store import Row, Transaction, load_queries
from shared.tenants.caller import Caller
from shared.webhooks.outbox import telling_of_jobs

QUERIES = load_queries(
    __file__,
    told=telling_of_jobs(
        "job.updated",
        rows="moved",
        previous="job_status(moved.state, moved.attempts, moved.run_at, %(now)s)",
    ),
)


async def set_priority(
    core: Core, caller: Caller, public_id: str, priority: int, now: datetime
) -> dict[str, Any]:
    """Set the priority of a pending or scheduled job; JobNotFoundError for any other."""
    parameters = _parameters(caller, [ids.decode("job", public_id)], priority, now)
    row = await core.store.fetch_one(caller.scope, QUERIES["set_priorities"], **parameters)
    if row is None:
        raise JobNotFoundError("There is no pending or scheduled job with that id.")
    tell_marks(core, caller, [row])
    return {"job_id": public_id, "old_priority": row["old_priority"], "new_priority": row["new_priority"]}


async def set_priorities_within(
    transaction: Transaction, caller: Caller, job_ids: Sequence[int], priority: int, now: datetime
) -> list[Row]:
    """The same for those of many jobs that wait, in a larger change. `tell_marks` follows its commit."""
    parameters = _parameters(caller, job_ids, priority, now)
    return await transaction.fetch(QUERIES["set_priorities"], **parameters)


def tell_marks(core: Core, caller: Caller, rows: Sequence[Row]) -> None:
    """Claims look where the jobs stand now."""
    for queue in {row["queue"] for row in rows}:
        places = [(row["priority"], row["run_at"]) for row in rows if row["queue"] == queue]
        core.wakeups.moved(caller.org_id, queue, places)


def _parameters(caller: Caller, job_ids: Sequence[int], priority: int, now: datetime) -> dict[str, Any]:
    return {
        "org_id": caller.org_id,
        "ids": list(job_ids),
        "queues": caller.queue_filter,
        "priority": priority,
        "now": now,
    }
