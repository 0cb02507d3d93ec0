"""Move: jobs that wait go to another queue."""

from collections.abc import Sequence
from datetime import datetime

from shared.core import Core
from shared.jobs.refusal import LOG
from shared.limits.charge import charge
from shared.store import Row, Transaction, load_queries
from shared.tenants.caller import Caller
from shared.webhooks.outbox import telling_of_jobs

QUERIES = load_queries(
    __file__,
    log=LOG,
    told=telling_of_jobs(
        "job.updated",
        rows="moved",
        previous="job_status(moved.state, moved.attempts, moved.run_at, %(now)s)",
    ),
)


async def declare_queue_within(transaction: Transaction, caller: Caller, queue: str, now: datetime) -> None:
    """Make the queue unless there is one, as an enqueue does; QuotaExceededError beyond the plan."""
    row = await transaction.fetch_one(QUERIES["declare_queue"], org_id=caller.org_id, queue=queue, now=now)
    assert row is not None
    await charge(transaction, caller.org_id, caller.limits, {"queues": row["new_queues"]}, now)


async def move_within(
    transaction: Transaction, caller: Caller, job_ids: Sequence[int], queue: str, now: datetime
) -> list[Row]:
    """Move those of the jobs that wait in another queue, as part of a larger change, and return them.

    A key that is held to queues moves from these and to these alone. `wake_for_moved` follows the commit.
    """
    caller.require_queue(queue)
    await declare_queue_within(transaction, caller, queue, now)
    return await transaction.fetch(
        QUERIES["move_jobs"],
        org_id=caller.org_id,
        ids=list(job_ids),
        queue=queue,
        queues=caller.queue_filter,
        now=now,
    )


def wake_for_moved(core: Core, caller: Caller, queue: str, rows: Sequence[Row]) -> None:
    """Wake who waits for jobs of the queue that these came to."""
    places = [(row["priority"], row["run_at"]) for row in rows if row["state"] == "pending"]
    if places:
        core.wakeups.notify(caller.org_id, queue, len(places), places)
