"""The service as Prometheus reads it: counts of this process, and gauges of the whole that cost little."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from shared.core import Core
from shared.errors import SpooledError
from shared.jobs.figures import OF_ALL, unfinished
from shared.store import SYSTEM, load_queries
from shared.tally import DURATION_BOUNDS, Tally
from shared.workers.model import GONE_AFTER

QUERIES = load_queries(__file__, unfinished=unfinished(OF_ALL))
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_GAUGES_KEPT = timedelta(seconds=5)
"""Counting grows with the unfinished jobs: however many scrape, and whoever does, it is done this often."""
_GAUGES = {
    "jobs_pending": "Jobs that wait, also those for a later time.",
    "jobs_processing": "Jobs under a lease.",
    "jobs_dead_letter": "Jobs in the dead-letter queues.",
    "job_max_age_seconds": "How long the oldest job that is due has waited.",
    "workers_active": "Workers that are registered and heard of.",
}


async def exposition(core: Core, now: datetime) -> bytes:
    """The metrics in Prometheus' text format; without a database those that need it are left out."""
    gauges = await read_gauges(core, now)
    lines = [*_counters(core.tally), *_durations(core.tally), *_requests(core.tally), *_gauges(gauges)]
    return ("\n".join(lines) + "\n").encode()


async def read_gauges(core: Core, now: datetime) -> Mapping[str, float] | None:
    """The figures of the whole service, a few seconds old at most; None while the database is away."""
    known = core.tally.gauges
    if known is not None and timedelta(0) <= now - known[0] < _GAUGES_KEPT:
        return known[1]
    try:
        row = await core.store.fetch_one(SYSTEM, QUERIES["gauges"], now=now, heard_since=now - GONE_AFTER)
    except SpooledError:
        return None
    core.tally.gauges = None if row is None else (now, row)
    return row


def _counters(tally: Tally) -> Iterable[str]:
    yield from _one("jobs_enqueued_total", "counter", "Jobs made by this process.", tally.enqueued)
    yield from _one("jobs_completed_total", "counter", "Jobs completed through it.", tally.completed)
    yield from _one("jobs_failed_total", "counter", "Attempts that failed, lapsed leases too.", tally.failed)
    yield from _one("jobs_dead_letter_total", "counter", "Jobs given up for dead.", tally.dead)


def _durations(tally: Tally) -> Iterable[str]:
    name = "spooled_job_duration_seconds"
    yield from _head("job_duration_seconds", "histogram", "From the claim to the completion of a job.")
    total = 0
    for bound, count in zip((*DURATION_BOUNDS, "+Inf"), tally.durations, strict=True):
        total += count
        yield f'{name}_bucket{{le="{bound}"}} {total}'
    yield f"{name}_sum {tally.duration_sum}"
    yield f"{name}_count {total}"


def _requests(tally: Tally) -> Iterable[str]:
    yield from _head("api_requests_total", "counter", "Requests answered, by method, route and status.")
    for (method, path, status), count in sorted(tally.requests.items()):
        labels = f'method="{method}",path="{path}",status="{status}"'
        yield f"spooled_api_requests_total{{{labels}}} {count}"


def _gauges(gauges: Mapping[str, float] | None) -> Iterable[str]:
    yield from _one("database_up", "gauge", "Whether the database answered.", int(gauges is not None))
    if gauges is not None:
        for name, text in _GAUGES.items():
            yield from _one(name, "gauge", text, gauges[name])


def _one(name: str, kind: str, text: str, value: float) -> Iterable[str]:
    yield from _head(name, kind, text)
    yield f"spooled_{name} {value}"


def _head(name: str, kind: str, text: str) -> Iterable[str]:
    yield f"# HELP spooled_{name} {text}"
    yield f"# TYPE spooled_{name} {kind}"
