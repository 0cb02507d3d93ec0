"""What a job's end means to others: children that became ready are offered to who waits for them."""

from collections import Counter
from collections.abc import Sequence

from shared.core import Core
from shared.store import Row

ADVANCED = (
    "SELECT settle_steps(%(org_id)s, array_agg(archived.id), array_agg(archived.workflow_id),"
    " array_agg(archived.state), %(now)s) AS queues"
    " FROM archived WHERE archived.has_children OR archived.workflow_id IS NOT NULL HAVING count(*) > 0"
)
"""Advances the children of the jobs that a query's CTE `archived` ended, as a fragment of that query.

Once for the whole batch, so that all of it is archived before; never for jobs that nobody depends on.
"""


def wake_children(core: Core, org_id: int, rows: Sequence[Row]) -> None:
    """Wake who waits for the jobs that became ready by the change that returned these rows."""
    ready: list[str] = next((row["ready_queues"] for row in rows if row.get("ready_queues")), [])
    for queue, count in Counter(ready).items():
        core.wakeups.notify(org_id, queue, count)
