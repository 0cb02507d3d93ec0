"""How many jobs there are in each state, at a cost that does not grow with the history."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared.core import Core
from shared.jobs.figures import MARK, OF_ORGANIZATION, unfinished
from shared.jobs.filtering import STATUSES
from shared.store import Row, Statement, load_queries
from shared.tenants.caller import Caller

_OF_QUEUES = "(%(queues)s::text[] IS NULL OR job.queue = ANY(%(queues)s::text[]))"
QUERIES = load_queries(__file__, mark=MARK, unfinished=unfinished(f"{OF_ORGANIZATION} AND {_OF_QUEUES}"))


async def job_stats(core: Core, caller: Caller, now: datetime) -> dict[str, Any]:
    """Jobs by status, and in total. Completed ones count for ever, the others as long as they are kept."""
    counting = count_by_status(caller.org_id, now, caller.queue_filter)
    (rows,) = await core.store.fetch_each(caller.scope, [counting])
    return stats_answer(rows)


def count_by_status(org_id: int, now: datetime, queues: Sequence[str] | None = None) -> Statement:
    """What `stats_answer` reads, to be run along with other statements."""
    return Statement(QUERIES["job_stats"], {"org_id": org_id, "queues": queues, "now": now})


def stats_answer(rows: Sequence[Row]) -> dict[str, Any]:
    """The counts of the statement above, with their sum."""
    (row,) = rows
    counts = {status: row[status] for status in STATUSES}
    return counts | {"total": sum(counts.values())}
