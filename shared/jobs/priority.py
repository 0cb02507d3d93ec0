"""Priority: moving a job that waits to another place in its queue."""

from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.jobs.read import JobNotFoundError
from shared.store import load_queries
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
    row = await core.store.fetch_one(
        caller.scope,
        QUERIES["set_priority"],
        org_id=caller.org_id,
        id=ids.decode("job", public_id),
        queues=caller.queue_filter,
        priority=priority,
        now=now,
    )
    if row is None:
        raise JobNotFoundError("There is no pending or scheduled job with that id.")
    return {"job_id": public_id, "old_priority": row["old_priority"], "new_priority": row["new_priority"]}
