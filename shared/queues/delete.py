"""Deleting a queue."""

from datetime import datetime

from shared.core import Core
from shared.errors import ConflictError
from shared.jobs.children import ADVANCED, wake_others
from shared.queues.config import find_queue
from shared.store import load_queries
from shared.tenants.caller import Caller
from shared.webhooks.outbox import telling, telling_of_jobs

QUERIES = load_queries(
    __file__,
    advanced=ADVANCED,
    told_deleted=telling(
        "queue.deleted", rows="gone", item="queue_event(gone.name, gone.enabled, gone.paused_at)"
    ),
    told=telling_of_jobs(
        "job.cancelled", rows="archived", previous="archived.previous", error="'Queue deleted'"
    ),
)
_BATCH = 5_000


async def delete_queue(core: Core, caller: Caller, name: str, now: datetime, *, delete_jobs: bool) -> None:
    """Delete a queue; with `delete_jobs` its jobs too, finished or not. Who waits for them is told.

    Raises QueueNotFoundError, and ConflictError while jobs wait or run. Without `delete_jobs` the finished
    jobs stay until their retention ends.
    """
    await find_queue(core, caller, name)
    parameters = {"org_id": caller.org_id, "name": name, "now": now}
    if delete_jobs:
        for query in (QUERIES["delete_unfinished"], QUERIES["delete_finished"]):
            full = True
            while full:
                rows = await core.store.fetch(caller.scope, query, **parameters, limit=_BATCH)
                wake_others(core, caller.org_id, rows)
                full = len(rows) == _BATCH
    if await core.store.fetch_one(caller.scope, QUERIES["delete_queue"], **parameters) is None:
        await find_queue(core, caller, name)
        raise ConflictError(
            f"Queue {name!r} has unfinished jobs: wait, cancel them, or send ?delete_jobs=true"
        )
