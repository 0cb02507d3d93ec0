"""What the clock on the wall of a time zone shows, and when it is put forward or back.

All instants are in UTC and on whole seconds, as are all offsets there ever were.
"""

import datetime as dt
from bisect import bisect_left
from datetime import UTC
from zoneinfo import ZoneInfo

from shared.schedules.pattern import SECOND

QUIET = dt.timedelta(days=2)
"""No clock was ever put forward or back by more than half of this, nor twice within it."""


def wall_at(zone: ZoneInfo, instant: dt.datetime) -> dt.datetime:
    """What the clock shows."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def high_water(zone: ZoneInfo, instant: dt.datetime) -> dt.datetime:
    """The latest time that the clock has shown so far: while it repeats itself, the last before that."""
    if not instant.astimezone(zone).fold:
        return wall_at(zone, instant)
    return wall_at(zone, _change_between(zone, instant - QUIET, instant) - SECOND)


def first_reach(zone: ZoneInfo, wall: dt.datetime) -> dt.datetime:
    """The first instant at which the clock shows `wall`, or where that is skipped, anything later."""
    instant = wall.replace(tzinfo=zone).astimezone(UTC)
    if wall_at(zone, instant) == wall:
        return instant
    return _change_between(zone, instant - QUIET, instant)


def first_change(zone: ZoneInfo, start: dt.datetime, end: dt.datetime) -> dt.datetime | None:
    """The first instant in (start, end], QUIET apart at most, at which the clock has been moved."""
    if start.astimezone(zone).utcoffset() == end.astimezone(zone).utcoffset():
        return None
    return _change_between(zone, start, end)


def _change_between(zone: ZoneInfo, start: dt.datetime, end: dt.datetime) -> dt.datetime:
    before = start.astimezone(zone).utcoffset()
    seconds = range(int((end - start).total_seconds()))
    return start + SECOND * bisect_left(
        seconds, True, key=lambda second: (start + SECOND * second).astimezone(zone).utcoffset() != before
    )
