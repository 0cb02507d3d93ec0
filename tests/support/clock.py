"""A clock to move."""

from datetime import UTC, datetime, timedelta


class MovingClock:
    """The wall clock, moved by hand."""

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def advance(self, **delta: float) -> None:
        self.offset += timedelta(**delta)

    def move_to(self, instant: datetime) -> None:
        """The clock shows `instant` now, and goes on from there."""
        self.offset = instant - datetime.now(UTC)
