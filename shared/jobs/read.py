"""Reading jobs: by id in the hot table and then in one partition of the archive."""

from datetime import datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.errors import NotFoundError
from shared.jobs.model import CARRIED, job_answer
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


async def get_job(core: Core, caller: Caller, public_id: str, now: datetime) -> dict[str, Any]:
    """A job whole; JobNotFoundError when there is none, or none that this caller may see."""
    row = await find_job(core, caller, ids.decode("job", public_id))
    if row is None:
        raise JobNotFoundError
    return job_answer(row, now)
