"""When a schedule fires: a cron in a time zone, as a set of instants.

The rules at a change of the clock, and their reasons: docs/decisions/0010-cron-and-daylight-saving.md.
"""

import datetime as dt
from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import UTC
from itertools import islice
from typing import TYPE_CHECKING, Self

from shared.schedules.dst import QUIET, first_change, first_reach, high_water, wall_at
from shared.schedules.pattern import SECOND, Pattern
from shared.schedules.syntax import InvalidCron, read_pattern
from shared.schedules.zones import UnknownTimezone, find_zone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

__all__ = ["CronSchedule", "InvalidCron", "UnknownTimezone", "preview"]


@dataclass(frozen=True, slots=True)
class CronSchedule:
    """Made by `parse`; instants go in with any time zone and come out in UTC."""

    expression: str
    timezone: str
    _pattern: Pattern = field(repr=False)
    _zone: "ZoneInfo" = field(repr=False)

    @classmethod
    def parse(cls, expression: str, timezone: str = "UTC") -> Self:
        """Raise InvalidCron or UnknownTimezone, with a message for the person who wrote them."""
        return cls(expression, timezone, read_pattern(expression), find_zone(timezone))

    def next_after(self, instant: dt.datetime) -> dt.datetime:
        """The first fire strictly after `instant`; OverflowError when there is none before the year 10000."""
        start = _whole_second(instant)
        if self._pattern.follows_elapsed_time:
            return self._next_shown(start)
        # A time fires when the clock first reaches it. Whatever the clock has reached has fired: so a
        # skipped time fires with the change, and one that is shown again does not.
        return first_reach(self._zone, self._pattern.after(high_water(self._zone, start)))

    def fires_between(self, after: dt.datetime, until: dt.datetime, limit: int) -> list[dt.datetime]:
        """The fires in (after, until], oldest first, at most `limit`."""
        return list(islice(self._fires(after, until), limit))

    def last_before_or_at(self, after: dt.datetime, until: dt.datetime) -> dt.datetime | None:
        """The most recent fire in (after, until], found by halving, however many there are between."""
        start, end = _whole_second(after), _whole_second(until)
        seconds = range(int((end - start).total_seconds()))
        passed = bisect_left(seconds, True, key=lambda second: self.next_after(start + SECOND * second) > end)
        return start + SECOND * passed if passed else None

    def _fires(self, after: dt.datetime, until: dt.datetime) -> "Iterator[dt.datetime]":
        while (after := self.next_after(after)) <= until:
            yield after

    def _next_shown(self, instant: dt.datetime) -> dt.datetime:
        """The first instant after this one at which the clock shows a matching time, be it again."""
        while True:
            wall = wall_at(self._zone, instant)
            ahead = self._pattern.after(wall) - wall
            change = first_change(self._zone, instant, instant + min(ahead, QUIET))
            if change is not None:
                wall = wall_at(self._zone, change)
                if self._pattern.after(wall - SECOND) == wall:
                    return change
                instant = change
            elif ahead <= QUIET:
                return instant + ahead
            else:
                # A change on the way cannot bring back a time from before these days: nothing is missed.
                instant += ahead - QUIET


def preview(schedule: CronSchedule, now: dt.datetime, n: int) -> list[tuple[dt.datetime, dt.datetime]]:
    """The next `n` fires, each in UTC and as the local time of the schedule's zone."""
    fires: list[tuple[dt.datetime, dt.datetime]] = []
    for _ in range(n):
        now = schedule.next_after(now)
        fires.append((now, now.astimezone(find_zone(schedule.timezone))))
    return fires


def _whole_second(instant: dt.datetime) -> dt.datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(UTC).replace(microsecond=0)
