"""What a job's end means to others: its children become ready, its place in a limited queue free."""

from collections import Counter
from collections.abc import Sequence

from shared.core import Core
from shared.jobs.model import SETTLED_STATES
from shared.store import Row, load_queries

FRAGMENTS = load_queries(__file__)
ADVANCED = FRAGMENTS["advanced"].sql
"""Advances the children of the jobs that a query's CTE `archived` ended, as a fragment of that query."""

FREED = FRAGMENTS["freed"].sql
"""The queues, among those of the CTE `archived`, in which an end lets another job start."""


def wake_others(core: Core, org_id: int, rows: Sequence[Row]) -> None:
    """Wake who waits for the jobs that became ready, and the places free, by the change of these rows."""
    freed: list[str] = next((row["freed_queues"] for row in rows if row.get("freed_queues")), [])
    for queue in freed:
        places = sum(row["queue"] == queue and row["state"] in SETTLED_STATES for row in rows)
        core.wakeups.notify(org_id, queue, places, ())
    ready: list[str] = next((row["ready_queues"] for row in rows if row.get("ready_queues")), [])
    for queue, count in Counter(ready).items():
        core.wakeups.notify(org_id, queue, count)
