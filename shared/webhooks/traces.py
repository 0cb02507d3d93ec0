"""The traces of the jobs that deliveries tell of, looked up as these are sent: no job pays for it."""

from collections.abc import Sequence

from shared import ids
from shared.core import Core
from shared.store import SYSTEM, Row, load_queries

QUERIES = load_queries(__file__)


async def traces_of(core: Core, deliveries: Sequence[Row]) -> dict[int, str]:
    """By the id of the delivery; none for what tells of no job, or of one that has no trace."""
    told = {
        row["id"]: (row["org_id"], ids.decode("job", row["job_id"])) for row in deliveries if row["job_id"]
    }
    if not told:
        return {}
    org_ids, job_ids = zip(*dict.fromkeys(told.values()), strict=True)
    rows = await core.store.fetch(SYSTEM, QUERIES["traces_of_jobs"], org_ids=list(org_ids), ids=list(job_ids))
    trace_of = {(row["org_id"], row["id"]): row["trace"] for row in rows}
    return {delivery: trace_of[job] for delivery, job in told.items() if job in trace_of}
