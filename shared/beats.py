"""The heartbeats of timers: each run leaves when it began and ended, and whether it failed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.core import Core
from shared.store import SYSTEM, load_queries

QUERIES = load_queries(__file__)
SILENT_AFTER_PERIODS = 3
"""So many periods without a run that succeeded, and somebody has to look."""
_LONGEST_ERROR = 500


@dataclass(frozen=True, slots=True)
class Beat:
    """The latest run of a timer; `succeeded_at` is that of the latest that did not fail.

    error: what it failed with, None for one that did not.
    """

    name: str
    every_seconds: int
    begun_at: datetime
    ended_at: datetime
    succeeded_at: datetime
    error: str | None

    @property
    def run_seconds(self) -> float:
        return max(0.0, (self.ended_at - self.begun_at).total_seconds())

    def silent_periods(self, now: datetime) -> float:
        """How many of its periods passed since a run of it succeeded."""
        return max(0.0, (now - self.succeeded_at) / timedelta(seconds=self.every_seconds))

    def overdue_seconds(self, now: datetime) -> float:
        """How long ago the next run should have succeeded."""
        return max(0.0, (now - self.succeeded_at).total_seconds() - self.every_seconds)

    def is_silent(self, now: datetime) -> bool:
        return self.silent_periods(now) >= SILENT_AFTER_PERIODS


async def note_beat(
    core: Core, name: str, every_seconds: int, begun_at: datetime, error: Exception | None
) -> None:
    """Note that a run of the timer has just ended. Raises UnavailableError without a database."""
    said = None if error is None else f"{type(error).__name__}: {error}"[:_LONGEST_ERROR].replace("\0", "")
    await core.store.fetch(
        SYSTEM,
        QUERIES["note_beat"],
        name=name,
        every_seconds=every_seconds,
        begun_at=begun_at,
        ended_at=core.clock(),
        error=said,
    )


async def read_beats(core: Core) -> Sequence[Beat]:
    """All timers that have ever run, by name; one that never did is not missed. Raises UnavailableError."""
    return [Beat(**row) for row in await core.store.fetch(SYSTEM, QUERIES["read_beats"])]
