"""What this process has done since it started; a restart begins at zero, as a counter of Prometheus may."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

DURATION_BOUNDS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0)
"""Upper bounds of the buckets of job durations, seconds; above the last is one more."""


@dataclass(frozen=True, slots=True)
class DueJobs:
    """Jobs that could run now, and how long the oldest of them has waited, seconds."""

    jobs: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class Gauges:
    """What the database says of the whole service: figures by name, and what is due by queue."""

    service: Mapping[str, float]
    due: Mapping[str, DueJobs]


@dataclass(slots=True)
class Tally:
    """Counters that cost an addition each, so that the busiest paths can afford them."""

    enqueued: int = 0
    completed: int = 0
    failed: int = 0
    dead: int = 0
    claims_from_marks: int = 0
    requests: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    """By method, route and status."""
    durations: list[int] = field(default_factory=lambda: [0] * (len(DURATION_BOUNDS) + 1))
    duration_sum: float = 0.0
    gauges: tuple[datetime, timedelta, Gauges] | None = None
    """What the database said last of the whole service: when, and for how long it holds."""

    def jobs_completed(self, jobs: int, seconds: float) -> None:
        """So many jobs, each of which took so long."""
        self.completed += jobs
        self.durations[bisect_left(DURATION_BOUNDS, seconds)] += jobs
        self.duration_sum += jobs * seconds

    def attempt_failed(self, *, dead: bool) -> None:
        self.failed += 1
        self.dead += dead
