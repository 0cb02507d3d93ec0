"""The text of a cron, read into the pattern of wall-clock times it names."""

import re
from dataclasses import dataclass
from functools import lru_cache

from shared.schedules.pattern import LAST, Pattern

MAX_LENGTH = 255
_SHOWN_LENGTH = 40

_NICKNAMES = {
    "@YEARLY": "0 0 1 1 *",
    "@ANNUALLY": "0 0 1 1 *",
    "@MONTHLY": "0 0 1 * *",
    "@WEEKLY": "0 0 * * 0",
    "@DAILY": "0 0 * * *",
    "@MIDNIGHT": "0 0 * * *",
    "@HOURLY": "0 * * * *",
}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_ITEM = re.compile(r"(?P<start>\*|[0-9]+|[A-Z]{3})(?:-(?P<end>[0-9]+|[A-Z]{3}))?(?:/(?P<step>[0-9]+))?")
_NTH = re.compile(r"(?P<weekday>[0-7]|[A-Z]{3})#(?P<nth>[1-5])")
_LAST = re.compile(r"L(?P<before>[0-7])|(?P<after>[0-7]|[A-Z]{3})L")


class InvalidCron(ValueError):  # noqa: N818 - what the reader of a message looks for
    """A cron expression breaks a rule."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    size: int  # how many values there are before they start anew: Sunday is both 0 and 7
    names: tuple[str, ...]  # of the values from `low` on
    values: str

    def wrap(self, value: int) -> int:
        return self.low + (value - self.low) % self.size

    def refuse(self, text: str, problem: str) -> InvalidCron:
        rule = f"use {self.values}, with lists (,), ranges (-) and steps (/)"
        return InvalidCron(f"{self.name}: {_shown(text)} {problem}; {rule}")


_SECOND = _Field("second", 0, 59, 60, (), "* or 0-59")
_MINUTE = _Field("minute", 0, 59, 60, (), "* or 0-59")
_HOUR = _Field("hour", 0, 23, 24, (), "* or 0-23")
_DATE = _Field("day-of-month", 1, 31, 31, (), "*, ?, 1-31 or L (the last day)")
_MONTH = _Field("month", 1, 12, 12, _MONTHS, "*, 1-12 or JAN-DEC")
_WEEKDAY = _Field(
    "day-of-week",
    0,
    7,
    7,
    _WEEKDAYS,
    "*, ?, 0-7, SUN-SAT, MON#2 (the second Monday) or FRIL (the last Friday)",
)


@lru_cache(maxsize=1024)
def read_pattern(expression: str) -> Pattern:
    """Read 5 fields (minute first), 6 (second first) or a nickname; a cron that can never fire is refused."""
    if len(expression) > MAX_LENGTH:
        raise InvalidCron(f"the cron is {len(expression)} characters long; at most {MAX_LENGTH} are allowed")
    if not expression.isascii():
        raise InvalidCron(f"{_shown(expression)} holds characters that no cron uses; write it in plain ASCII")
    text = expression.strip(" \t").upper()
    if text.startswith("@") and text not in _NICKNAMES:
        raise InvalidCron(
            f"{_shown(expression)} is not a known nickname; use {', '.join(_NICKNAMES).lower()}"
        )
    fields = re.split(r"[ \t]+", _NICKNAMES.get(text, text))
    if len(fields) not in (5, 6):
        raise InvalidCron(
            f"{_shown(expression)} has {len(fields) if text else 0} fields; write 5 "
            "(minute hour day-of-month month day-of-week) or 6 (the same after a second)"
        )
    second, minute, hour, date, month, weekday = fields if len(fields) == 6 else ("0", *fields)  # noqa: PLR2004
    dates, last_date = _read_dates(date)
    weekdays, nth_weekdays = _read_weekdays(weekday)
    pattern = Pattern(
        seconds=_read(_SECOND, second),
        minutes=_read(_MINUTE, minute),
        hours=_read(_HOUR, hour),
        dates=dates,
        last_date=last_date,
        months=_read(_MONTH, month),
        weekdays=weekdays,
        nth_weekdays=nth_weekdays,
        either_day=not date.startswith(("*", "?")) and not weekday.startswith(("*", "?")),
        follows_elapsed_time=hour.startswith("*"),
    )
    if not pattern.can_match():
        raise InvalidCron(
            f"{_shown(expression)} can never fire: no year has such a day; check day-of-month against month"
        )
    return pattern


def _read_dates(text: str) -> tuple[int, bool]:
    items = text.split(",")
    dates = [item for item in items if item != "L"]
    return (_read(_DATE, _star_for_question_mark(",".join(dates))) if dates else 0), len(dates) < len(items)


def _read_weekdays(text: str) -> tuple[int, frozenset[tuple[int, int]]]:
    plain, special = [], set()
    for item in _star_for_question_mark(text).split(","):
        if nth := _NTH.fullmatch(item):
            special.add((_value(_WEEKDAY, nth["weekday"]) % 7, int(nth["nth"])))
        elif last := _LAST.fullmatch(item):
            special.add((_value(_WEEKDAY, last["before"] or last["after"]) % 7, LAST))
        else:
            plain.append(item)
    return (_read(_WEEKDAY, ",".join(plain)) if plain else 0), frozenset(special)


def _star_for_question_mark(text: str) -> str:
    return "*" if text == "?" else text


def _read(field: _Field, text: str) -> int:
    bits = 0
    for item in text.split(","):
        for value in _values(field, item):
            bits |= 1 << field.wrap(value)
    return bits


def _values(field: _Field, item: str) -> range:
    """The values of one item of a list; those past the end of the field start anew: 22-2, FRI-MON."""
    parts = _ITEM.fullmatch(item)
    if not parts or (parts["start"] == "*" and parts["end"]):
        raise field.refuse(item, "is not understood")
    step = int(parts["step"] or 1)
    if not 1 <= step <= field.size:
        raise field.refuse(item, f"has a step outside 1-{field.size} (steps start anew with the field)")
    if parts["start"] == "*":
        return range(field.low, field.low + field.size, step)
    start = _value(field, parts["start"])
    if not parts["end"]:
        start = field.wrap(start)
        return range(start, field.low + field.size if parts["step"] else start + 1, step)
    end = _value(field, parts["end"])
    return range(start, end + 1 + (field.size if end < start else 0), step)


def _value(field: _Field, text: str) -> int:
    if not text.isdecimal():
        if text not in field.names:
            raise field.refuse(text, "is not a known name")
        return field.low + field.names.index(text)
    value = int(text)
    if not field.low <= value <= field.high:
        raise field.refuse(text, f"is outside {field.low}-{field.high}")
    return value


def _shown(text: str) -> str:
    """The text as it may appear in a message: short, and with nothing unprintable."""
    shown = ascii(text)
    return shown if len(shown) <= _SHOWN_LENGTH else f"{shown[:_SHOWN_LENGTH]}..."
