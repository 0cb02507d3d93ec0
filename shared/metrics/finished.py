"""What became of jobs, how long they waited and how long they ran: counted by a timer, for all processes.

Each finished job is counted once, whichever process finished it, also when that process is gone. The timer
reads what was finished since its last run; no enqueue, claim or completion does anything for it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from math import inf
from time import monotonic
from typing import Any

from shared.core import Core
from shared.store import SYSTEM, Statement, load_queries

OTHER = "other"
"""All queues that are not named, together; one that is really called so is among them."""
BOUNDS = (
    *(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
    *(300.0, 1800.0, 3600.0, 21600.0, 86400.0),
)
"""Upper bounds of the buckets, seconds; above the last is one more."""
OUTCOMES = ("completed", "failed", "deadletter", "cancelled")
_BUCKET = load_queries(__file__)["bucket"]
QUERIES = load_queries(
    __file__,
    wait_le=_BUCKET.filled(figure="wait").sql,
    run_le=_BUCKET.filled(figure="run").sql,
    other=OTHER,
)
_SLACK = timedelta(minutes=1)
"""Longer than a request waits and its statement runs, plus what clocks may differ."""
_STEP = timedelta(minutes=15)
"""Of a long pause, in one statement."""


@dataclass(slots=True)
class Durations:
    """How many jobs took how long: by the upper bound of their bucket, not added up."""

    buckets: Counter[float] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def jobs(self) -> int:
        return self.buckets.total()

    def add(self, bound: float, jobs: int, seconds: float) -> None:
        self.buckets[bound] += jobs
        self.seconds += seconds

    def merge(self, others: "Durations") -> None:
        self.buckets.update(others.buckets)
        self.seconds += others.seconds

    def quantile(self, share: float) -> float | None:
        """Seconds that so large a share took at most, as Prometheus estimates it; None without any job."""
        wanted, below, lower = share * self.jobs, 0, 0.0
        for bound in (*BOUNDS, inf):
            if self.jobs and (here := self.buckets[bound]) and below + here >= wanted:
                return lower if bound == inf else lower + (bound - lower) * (wanted - below) / here
            below, lower = below + self.buckets[bound], bound
        return None


@dataclass(slots=True)
class Finished:
    """What became of the jobs of a queue."""

    wait: Durations = field(default_factory=Durations)
    """From when the job was due to the start of its last attempt."""
    run: Durations = field(default_factory=Durations)
    """From there to its end, of completed jobs and dead ones."""
    outcomes: Counter[str] = field(default_factory=Counter)

    def add(self, row: Mapping[str, Any]) -> None:
        if row["what"] in OUTCOMES:
            self.outcomes[row["what"]] += row["jobs"]
        elif row["what"] is not None:
            durations = self.wait if row["what"] == "wait" else self.run
            durations.add(row["le"], row["jobs"], row["seconds"])

    def merge(self, others: "Finished") -> None:
        self.wait.merge(others.wait)
        self.run.merge(others.run)
        self.outcomes.update(others.outcomes)


async def count_finished(core: Core, budget_seconds: float) -> Mapping[str, Finished]:
    """Count what was finished since the last count, by queue; what other counts added is not in it.

    Raises UnavailableError. What the budget does not suffice for is counted by the next run.
    """
    deadline = monotonic() + budget_seconds
    parameters = {
        "most": core.settings.metrics_queues,
        "bounds": [*BOUNDS],
        "bounds_down": [-bound for bound in reversed(BOUNDS)],
        "slack": _SLACK,
        "step": _STEP,
    }
    statements = [Statement(QUERIES[name], parameters) for name in ("lock_mark", "count_finished")]
    added: list[Mapping[str, Any]] = []
    while True:
        rows = (await core.store.fetch_each(SYSTEM, statements))[1]
        added += [row for row in rows if row["queue"] is not None]
        if all(row["is_whole"] for row in rows) or monotonic() > deadline:
            break
    await core.store.fetch(SYSTEM, QUERIES["name_waiting"], **parameters)
    await core.store.fetch(SYSTEM, QUERIES["compare_queues"], **parameters)
    return _by_queue(added)


async def read_finished(core: Core, *, by_queue: bool) -> Mapping[str, Finished]:
    """All that was ever counted, by queue: the named ones and `other`; only `other` when not `by_queue`.

    Of a queue it begins anew when it is named again. Raises UnavailableError.
    """
    rows = await core.store.fetch(SYSTEM, QUERIES["read_measures"])
    if not by_queue:
        rows = [{**row, "queue": OTHER} for row in rows]
    found = _by_queue(row for row in rows if row["queue"])
    return {OTHER: Finished(), **found}


def _by_queue(rows: Iterable[Mapping[str, Any]]) -> Mapping[str, Finished]:
    queues: defaultdict[str, Finished] = defaultdict(Finished)
    for row in rows:
        queues[row["queue"]].add(row)
    return dict(queues)
