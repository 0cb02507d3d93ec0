"""What a worker has in its hands."""

from datetime import datetime
from typing import Any

from shared.core import Core
from shared.jobs.model import summary_answer
from shared.store import load_queries
from shared.tenants.caller import Caller
from shared.workers.registry import get_worker

QUERIES = load_queries(__file__)
MOST = 1000


async def jobs_of_worker(core: Core, caller: Caller, worker_id: str, now: datetime) -> list[dict[str, Any]]:
    """The jobs that a worker holds: summaries, the longest running first, at most MOST.

    Raises WorkerNotFoundError for one that neither is registered nor holds a job.
    """
    rows = await core.store.fetch(
        caller.scope,
        QUERIES["jobs_of_worker"],
        org_id=caller.org_id,
        worker_id=worker_id,
        queues=caller.queue_filter,
        limit=MOST,
    )
    if not rows:
        await get_worker(core, caller, worker_id, now)
    return [summary_answer(row, now) for row in rows]
