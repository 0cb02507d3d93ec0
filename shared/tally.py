"""What this process has done since it started; a restart begins at zero, as a counter of Prometheus may."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

DURATION_BOUNDS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0)
"""Upper bounds of the buckets of job durations, seconds; above the last is one more."""


@dataclass(slots=True)
class Tally:
    """Counters that cost an addition each, so that the busiest paths can afford them."""

    enqueued: int = 0
    completed: int = 0
    failed: int = 0
    dead: int = 0
    requests: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    """By method, route and status."""
    durations: list[int] = field(default_factory=lambda: [0] * (len(DURATION_BOUNDS) + 1))
    duration_sum: float = 0.0
    gauges: tuple[datetime, Mapping[str, float]] | None = None
    """What the database said last of the whole service, and when."""

    def job_completed(self, seconds: float) -> None:
        self.completed += 1
        self.durations[bisect_left(DURATION_BOUNDS, seconds)] += 1
        self.duration_sum += seconds

    def attempt_failed(self, *, dead: bool) -> None:
        self.failed += 1
        self.dead += dead
