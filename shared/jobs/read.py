"""Reading jobs: by id in the hot table and then in one partition of the archive."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.errors import NotFoundError
from shared.jobs.history import events_of
from shared.jobs.model import CARRIED, job_answer, status_answer
from shared.store import Row, load_queries
from shared.tenants.caller import Caller

QUERIES = load_queries(__file__, carried=CARRIED)


class JobNotFoundError(NotFoundError):
    """Job not found"""


async def find_job(core: Core, caller: Caller, job_id: int) -> Row | None:
    """The row of a job that this caller may see, finished or not."""
    return await core.store.fetch_one(
        caller.scope, QUERIES["find_job"], org_id=caller.org_id, id=job_id, queues=caller.queue_filter
    )


async def get_job(
    core: Core, caller: Caller, public_id: str, now: datetime, *, with_history: bool = False
) -> dict[str, Any]:
    """A job whole; JobNotFoundError when there is none, or none that this caller may see."""
    row = await find_job(core, caller, ids.decode("job", public_id))
    if row is None:
        raise JobNotFoundError
    job = job_answer(row, now)
    return job | {"history": events_of(row)} if with_history else job


async def job_history(
    core: Core, caller: Caller, public_id: str, *, descending: bool, limit: int, offset: int
) -> tuple[list[dict[str, Any]], bool]:
    """A page of a job's events, and whether more follow; JobNotFoundError when there is no such job."""
    row = await find_job(core, caller, ids.decode("job", public_id))
    if row is None:
        raise JobNotFoundError
    events = events_of(row)
    if descending:
        events.reverse()
    return events[offset : offset + limit], len(events) > offset + limit


async def job_statuses(
    core: Core, caller: Caller, public_ids: Sequence[str], now: datetime
) -> list[dict[str, Any]]:
    """The statuses of jobs in the order they were asked for; unknown ones are left out."""
    wanted = list(dict.fromkeys(ids.decode("job", public_id) for public_id in public_ids))
    rows = await core.store.fetch(
        caller.scope, QUERIES["find_jobs"], org_id=caller.org_id, ids=wanted, queues=caller.queue_filter
    )
    found = {row["id"]: row for row in rows}
    return [status_answer(found[job_id], now) for job_id in wanted if job_id in found]
