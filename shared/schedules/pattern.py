"""The wall-clock times that a cron names, without any time zone."""

import datetime as dt
from calendar import monthrange
from dataclasses import dataclass

LAST = -1
"""In place of 1 to 5: the last such weekday of a month."""

SECOND = dt.timedelta(seconds=1)
_EVERY_SEVENTH = 1 << 0 | 1 << 7 | 1 << 14 | 1 << 21 | 1 << 28


@dataclass(frozen=True, slots=True)
class Pattern:
    """What each field allows, as bits: bit 5 of `minutes` is minute 5, bit 0 of `weekdays` is Sunday."""

    seconds: int
    minutes: int
    hours: int
    dates: int
    last_date: bool
    months: int
    weekdays: int
    nth_weekdays: frozenset[tuple[int, int]]
    either_day: bool  # both day fields are restricted: one of them is enough
    follows_elapsed_time: bool  # the hour field begins with `*`

    def after(self, wall: dt.datetime) -> dt.datetime:
        """The first matching time after `wall`; OverflowError when there is none before the year 10000."""
        start = wall + SECOND
        day = self._day_from(start.year, start.month, start.day)
        if day == start.date() and (time := self._time_from(start.hour, start.minute, start.second)):
            return dt.datetime.combine(day, time)
        if day == start.date():
            tomorrow = day + dt.timedelta(days=1)
            day = self._day_from(tomorrow.year, tomorrow.month, tomorrow.day)
        return dt.datetime.combine(
            day, dt.time(_next_bit(self.hours, 0), _next_bit(self.minutes, 0), _next_bit(self.seconds, 0))
        )

    def can_match(self) -> bool:
        """Whether there is any such day: these 28 years hold every month there can be."""
        return any(
            self._days(year, month)
            for year in range(2000, 2028)
            for month in range(1, 13)
            if self.months >> month & 1
        )

    def _time_from(self, hour: int, minute: int, second: int) -> dt.time | None:
        """The first matching time of a day, not before this one."""
        if self.hours >> hour & 1:
            if self.minutes >> minute & 1 and (later := _next_bit(self.seconds, second)) >= 0:
                return dt.time(hour, minute, later)
            if (later := _next_bit(self.minutes, minute + 1)) >= 0:
                return dt.time(hour, later, _next_bit(self.seconds, 0))
        if (later := _next_bit(self.hours, hour + 1)) >= 0:
            return dt.time(later, _next_bit(self.minutes, 0), _next_bit(self.seconds, 0))
        return None

    def _day_from(self, year: int, month: int, day: int) -> dt.date:
        """The first matching day, not before this one."""
        while year <= dt.MAXYEAR:
            if self.months >> month & 1 and (found := _next_bit(self._days(year, month), day)) >= 0:
                return dt.date(year, month, found)
            day = 1
            month = _next_bit(self.months, month + 1)
            if month < 0:
                year, month = year + 1, _next_bit(self.months, 1)
        raise OverflowError("no matching day before the year 10000")

    def _days(self, year: int, month: int) -> int:
        """The matching days of that month, as bits 1 to 31."""
        first_weekday, length = monthrange(year, month)
        first_weekday += 1  # Sunday is 0 here, Monday there
        by_date = self.dates | (1 << length if self.last_date else 0)
        by_weekday = 0
        for weekday in range(7):
            if self.weekdays >> weekday & 1:
                by_weekday |= _EVERY_SEVENTH << 1 + (weekday - first_weekday) % 7
        for weekday, nth in self.nth_weekdays:
            first = 1 + (weekday - first_weekday) % 7
            by_weekday |= 1 << (first + (length - first) // 7 * 7 if nth == LAST else first + (nth - 1) * 7)
        days = by_date | by_weekday if self.either_day else by_date & by_weekday
        return days & (1 << length + 1) - 2


def _next_bit(bits: int, start: int) -> int:
    """The number of the first bit set at `start` or above, or -1."""
    rest = bits >> start
    return start + (rest & -rest).bit_length() - 1 if rest else -1
