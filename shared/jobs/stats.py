"""How many jobs there are in each state, at a cost that does not grow with the history."""

from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from shared.core import Core
from shared.jobs.listing import STATUSES
from shared.store import SYSTEM, load_queries
from shared.tenants.caller import Caller

QUERIES = load_queries(__file__)
_PERIOD_SECONDS = 300
_UNSETTLED = timedelta(minutes=1)
"""Longer than a statement may run: what finished before that is committed."""
_PAGE = 100


async def job_stats(core: Core, caller: Caller, now: datetime) -> dict[str, Any]:
    """Jobs by status, and in total. Completed ones count for ever, the others as long as they are kept."""
    row = await core.store.fetch_one(
        caller.scope, QUERIES["job_stats"], org_id=caller.org_id, queues=caller.queue_filter, now=now
    )
    assert row is not None
    counts = {status: row[status] for status in STATUSES}
    return counts | {"total": sum(counts.values())}


async def count_completed(core: Core, now: datetime, deadline: float) -> int:
    """Bring the totals of all organizations up to date; how many organizations were behind."""
    passed = int((now - _UNSETTLED).timestamp())
    until = datetime.fromtimestamp(passed - passed % _PERIOD_SECONDS, UTC)
    await core.store.fetch(SYSTEM, QUERIES["mark_new_organizations"])
    behind = 0
    while True:
        page = await core.store.fetch(SYSTEM, QUERIES["count_completed"], until=until, limit=_PAGE)
        behind += len(page)
        if len(page) < _PAGE or monotonic() > deadline:
            return behind
