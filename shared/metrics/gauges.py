"""The figures of the whole service as it stands now, counted seldom enough to cost little."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from shared.core import Core
from shared.errors import SpooledError
from shared.metrics.finished import OTHER
from shared.store import SYSTEM, Statement, load_queries
from shared.tally import DueJobs, Gauges
from shared.workers.model import GONE_AFTER

QUERIES = load_queries(__file__, other=OTHER)
_GAUGES_KEPT = timedelta(seconds=5)
"""Counting grows with the unfinished jobs: however many scrape, and whoever does, it is done this often."""
_SHARE = 10
"""Counting takes one part in so many of the time at most: with millions of jobs it is done less often."""


async def read_gauges(core: Core, now: datetime) -> Gauges | None:
    """The figures of the whole service, None while the database is away.

    They are 5 seconds old at most, or ten times as old as it took to count them.
    """
    known = core.tally.gauges
    if known is not None and timedelta(0) <= now - known[0] < known[1]:
        return known[2]
    begun = core.clock()
    parameters = {"now": now, "heard_since": now - GONE_AFTER}
    statements = [Statement(QUERIES[name], parameters) for name in ("gauges", "due")]
    try:
        service, queues = await core.store.fetch_each(SYSTEM, statements)
    except SpooledError:
        return None
    if not service:
        return None
    kept = max(_GAUGES_KEPT, _SHARE * (core.clock() - begun))
    due = {row["queue"]: DueJobs(row["jobs"], row["oldest_seconds"]) for row in queues}
    gauges = Gauges({**service[0], "job_max_age_seconds": _all(due.values()).oldest_seconds}, due)
    core.tally.gauges = (now, kept, gauges)
    return gauges


def together(gauges: Gauges) -> Gauges:
    """The same without the name of any queue."""
    return Gauges(gauges.service, {OTHER: _all(gauges.due.values())})


def _all(due: Iterable[DueJobs]) -> DueJobs:
    counted = [*due]
    return DueJobs(
        sum(one.jobs for one in counted), max((one.oldest_seconds for one in counted), default=0.0)
    )
