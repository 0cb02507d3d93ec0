"""What became of the fires of a schedule."""

from typing import Any

from shared import ids
from shared.core import Core
from shared.schedules.model import ScheduleNotFoundError, run_answer
from shared.store import load_queries
from shared.tenants.caller import Caller

QUERIES = load_queries(__file__)
LARGEST_PAGE = 1000


async def list_runs(core: Core, caller: Caller, public_id: str, limit: int) -> list[dict[str, Any]]:
    """The runs of a schedule, newest first, at most LARGEST_PAGE; raises ScheduleNotFoundError."""
    rows = await core.store.fetch(
        caller.scope,
        QUERIES["list_runs"],
        org_id=caller.org_id,
        id=ids.decode("sched", public_id),
        queues=caller.queue_filter,
        limit=min(limit, LARGEST_PAGE),
    )
    if not rows:
        raise ScheduleNotFoundError
    return [run_answer(row) for row in rows if row["id"] is not None]
