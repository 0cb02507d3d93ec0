"""The service as Prometheus reads it: counts of this process, and figures of the whole that cost little."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from math import inf
from typing import Any

from shared.beats import Beat, read_beats
from shared.core import Core
from shared.errors import SpooledError
from shared.metrics.finished import BOUNDS, OUTCOMES, Durations, Finished, read_finished
from shared.metrics.gauges import read_gauges, together
from shared.metrics.responses import OUTCOMES_OF_REQUESTS, outcome_of
from shared.settings import Settings
from shared.tally import DURATION_BOUNDS, Gauges, Tally

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_GAUGES = {
    "jobs_pending": "Jobs that wait, also those for a later time.",
    "jobs_processing": "Jobs under a lease.",
    "jobs_dead_letter": "Jobs in the dead-letter queues.",
    "job_max_age_seconds": "How long the oldest job that is due has waited.",
    "workers_active": "Workers that are registered and heard of.",
    "schedule_lag_seconds": "How late the schedule is that should have fired first.",
}
_POOL = {
    "connections": "Connections to the database that this process has open.",
    "in_use": "Those of them that are in use.",
    "limit": "How many there may be.",
    "waiting": "Requests that wait for one.",
}
Labels = Mapping[str, Any]


async def exposition(core: Core, now: datetime) -> bytes:
    """The metrics in Prometheus' text format; without a database those that need it are left out.

    Names of queues are their owners': whoever could read them without a token sees all queues as one.
    """
    by_queue = names_queues(core.settings)
    gauges = await read_gauges(core, now)
    lines = [
        *_counters(core.tally),
        *_marks(core),
        *_durations(core.tally),
        *_requests(core.tally),
        *_pool(core),
        *_one("cache_up", "gauge", "Whether Redis answered, or none is used.", int(await _has_cache(core))),
        *_gauges(gauges if gauges is None or by_queue else together(gauges)),
    ]
    try:
        lines += _finished(await read_finished(core, by_queue=by_queue))
        lines += _timers(await read_beats(core), now)
    except SpooledError:
        pass
    return ("\n".join(lines) + "\n").encode()


def names_queues(settings: Settings) -> bool:
    """Whether `/metrics` says the names of queues: in development, and where a token opens it."""
    return bool(settings.metrics_token) or settings.spooled_env == "development"


async def _has_cache(core: Core) -> bool:
    return await core.wakeups.outgoing.reaches_redis()


def _counters(tally: Tally) -> Iterable[str]:
    yield from _one("jobs_enqueued_total", "counter", "Jobs made by this process.", tally.enqueued)
    yield from _one("jobs_completed_total", "counter", "Jobs completed through it.", tally.completed)
    yield from _one("jobs_failed_total", "counter", "Attempts that failed, lapsed leases too.", tally.failed)
    yield from _one("jobs_dead_letter_total", "counter", "Jobs given up for dead.", tally.dead)


def _marks(core: Core) -> Iterable[str]:
    """Where strict order is given up for a second, and how much is claimed so."""
    yield from _one(
        "claims_from_mark_total",
        "counter",
        "Claims that began at a mark, past a front that an old snapshot makes slow.",
        core.tally.claims_from_marks,
    )
    yield from _one("queues_with_mark", "gauge", "Queues that this process claims from so.", len(core.marks))


def _durations(tally: Tally) -> Iterable[str]:
    yield from _head("job_duration_seconds", "histogram", "From the claim to the completion of a job.")
    counts = dict(zip((*DURATION_BOUNDS, inf), tally.durations, strict=True))
    yield from _histogram("job_duration_seconds", {}, counts, tally.duration_sum)


def _requests(tally: Tally) -> Iterable[str]:
    yield from _head("api_requests_total", "counter", "Requests answered, by method, route and status.")
    outcomes = dict.fromkeys(OUTCOMES_OF_REQUESTS, 0)
    for (method, path, status), count in sorted(tally.requests.items()):
        yield _sample("api_requests_total", {"method": method, "path": path, "status": status}, count)
        outcomes[outcome_of(method, status)] += count
    yield from _head("api_responses_total", "counter", "The same by how they ended; none is missing.")
    for outcome, count in outcomes.items():
        yield _sample("api_responses_total", {"outcome": outcome}, count)


def _pool(core: Core) -> Iterable[str]:
    for name, value in core.store.pool_figures().items():
        yield from _one(f"database_pool_{name}", "gauge", _POOL[name], value)


def _gauges(gauges: Gauges | None) -> Iterable[str]:
    yield from _one("database_up", "gauge", "Whether the database answered.", int(gauges is not None))
    if gauges is None:
        return
    for name, text in _GAUGES.items():
        yield from _one(name, "gauge", text, gauges.service[name])
    yield from _head("queue_due_jobs", "gauge", "Jobs that could run now, by queue.")
    for queue, due in gauges.due.items():
        yield _sample("queue_due_jobs", {"queue": queue}, due.jobs)
    yield from _head("queue_oldest_pending_seconds", "gauge", "How long the oldest of them has waited.")
    for queue, due in gauges.due.items():
        yield _sample("queue_oldest_pending_seconds", {"queue": queue}, due.oldest_seconds)


def _finished(queues: Mapping[str, Finished]) -> Iterable[str]:
    yield from _head("jobs_finished_total", "counter", "Jobs of the whole service that ended, and how.")
    for queue, finished in queues.items():
        for outcome in OUTCOMES:
            labels = {"queue": queue, "outcome": outcome}
            yield _sample("jobs_finished_total", labels, finished.outcomes[outcome])
    yield from _head("job_wait_seconds", "histogram", "From when a job was due to its start.")
    for queue, finished in queues.items():
        yield from _waits("job_wait_seconds", queue, finished.wait)
    yield from _head("job_run_seconds", "histogram", "From the start of a job to its end.")
    for queue, finished in queues.items():
        yield from _waits("job_run_seconds", queue, finished.run)


def _waits(name: str, queue: str, durations: Durations) -> Iterator[str]:
    counts = {bound: durations.buckets[bound] for bound in (*BOUNDS, inf)}
    return _histogram(name, {"queue": queue}, counts, durations.seconds)


def _timers(beats: Sequence[Beat], now: datetime) -> Iterable[str]:
    if not beats:
        return
    yield from _head("timer_silence_periods", "gauge", "Periods of a timer since a run of it succeeded.")
    for beat in beats:
        yield _sample("timer_silence_periods", {"timer": beat.name}, beat.silent_periods(now))
    yield from _head("timer_lag_seconds", "gauge", "How long a run of a timer is overdue.")
    for beat in beats:
        yield _sample("timer_lag_seconds", {"timer": beat.name}, beat.overdue_seconds(now))
    yield from _head("timer_run_seconds", "gauge", "How long the latest run of a timer took.")
    for beat in beats:
        yield _sample("timer_run_seconds", {"timer": beat.name}, beat.run_seconds)


def _histogram(name: str, labels: Labels, counts: Mapping[float, int], seconds: float) -> Iterator[str]:
    total = 0
    for bound, count in counts.items():
        total += count
        yield _sample(f"{name}_bucket", {**labels, "le": "+Inf" if bound == inf else bound}, total)
    yield _sample(f"{name}_sum", labels, seconds)
    yield _sample(f"{name}_count", labels, total)


def _one(name: str, kind: str, text: str, value: float) -> Iterable[str]:
    yield from _head(name, kind, text)
    yield _sample(name, {}, value)


def _sample(name: str, labels: Labels, value: float) -> str:
    told = ",".join(f'{label}="{of}"' for label, of in labels.items())
    return f"spooled_{name}{{{told}}} {value}" if told else f"spooled_{name} {value}"


def _head(name: str, kind: str, text: str) -> Iterable[str]:
    yield f"# HELP spooled_{name} {text}"
    yield f"# TYPE spooled_{name} {kind}"
