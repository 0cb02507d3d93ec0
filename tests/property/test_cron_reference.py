"""Fires against a reference that knows no calendar arithmetic: it watches the clock of the zone tick.

The reference reads the clock at every minute (or second) of real time and applies the words of the rules
to what it sees: a time shown for the first time, one shown again, and times that were passed over.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones
from zoneinfo._zoneinfo import ZoneInfo as RecordsOfZone

import pytest
from croniter import croniter
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.schedules.cron import CronSchedule
from tests.support.effort import examples

ZONES = sorted(available_timezones() - {"localtime"})  # which is this machine's own, and no IANA name
SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))
NOTHING = timedelta(0)
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]


@dataclass(frozen=True)
class Cron:
    """A cron whose meaning is known from how it was made, not by reading its text."""

    text: str
    names: Callable[[datetime], bool]
    elapsed: bool


@dataclass(frozen=True)
class Tick:
    """One look at the clock."""

    instant: datetime
    shows: datetime
    shown_before: bool
    passed_over: list[datetime]


def watch(zone: ZoneInfo, start: datetime, end: datetime, step: timedelta) -> list[Tick]:
    ticks, seen, last = [], set(), None
    while start <= end:
        shows = start.astimezone(zone).replace(tzinfo=None, fold=0)
        passed_over = []
        while last is not None and last + step < shows:
            last += step
            passed_over.append(last)
        ticks.append(Tick(start, shows, shows in seen, passed_over))
        seen.add(shows)
        last = shows
        start += step
    return ticks


def expected(cron: Cron, ticks: list[Tick]) -> list[datetime]:
    return [
        tick.instant
        for tick in ticks
        if (cron.names(tick.shows) and (cron.elapsed or not tick.shown_before))
        or (not cron.elapsed and any(cron.names(skipped) for skipped in tick.passed_over))
    ]


@dataclass(frozen=True)
class Change:
    """A clock put forward or back."""

    zone: str
    instant: datetime
    before: timedelta
    after: timedelta

    @property
    def moved(self) -> timedelta:
        return abs(self.after - self.before)


@cache
def history() -> list[Change]:
    """Every change on record; Python's own reader of the files knows them, though it does not tell."""
    changes = []
    for name in ZONES:
        records = RecordsOfZone(name)
        before = records._tti_before and records._tti_before.utcoff
        for timestamp, record in zip(records._trans_utc, records._ttinfos, strict=False):
            if before not in {None, record.utcoff} and timestamp > -4_000_000_000:
                changes.append(Change(name, datetime.fromtimestamp(timestamp, UTC), before, record.utcoff))
            before = record.utcoff
    return changes


def change_days(zone: ZoneInfo, year: int) -> list[datetime]:
    """The last midnight, by UTC, before each change of the clock in that year."""
    days = [datetime(year, 1, 1, tzinfo=UTC) + DAY * day for day in range(367)]
    return [a for a, b in pairwise(days) if a.astimezone(zone).utcoffset() != b.astimezone(zone).utcoffset()]


def changes(wanted: Callable[[Change], bool]):
    return st.deferred(lambda: st.sampled_from([change for change in history() if wanted(change)]))


@st.composite
def values(draw, low: int, high: int, names: list[str] | None = None, *, wrap: bool = True):
    """One field: its text, the values it names, and whether it begins with a star."""
    everything = list(range(low, high + 1))
    shown = (lambda value: draw(st.sampled_from([str(value), names[value - low]]))) if names else str
    texts, chosen = [], set()
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["one", "one", "range", "range/step", "from/step", "*", "*/step"]))
        first, step = draw(st.sampled_from(everything)), draw(st.integers(1, len(everything)))
        around = everything[first - low :] + everything[: first - low] * wrap
        span = around[: draw(st.integers(2, len(everything)))]
        if kind == "one" or len(span) == 1:
            texts.append(shown(first))
            chosen.add(first)
        elif kind.startswith("range"):
            stepped = kind.endswith("step")
            texts.append(f"{shown(span[0])}-{shown(span[-1])}" + (f"/{step}" if stepped else ""))
            chosen.update(span[:: step if stepped else 1])
        elif kind == "from/step":
            texts.append(f"{shown(first)}/{step}")
            chosen.update(everything[first - low :: step])
        else:
            texts.append("*" if kind == "*" else f"*/{step}")
            chosen.update(everything[:: 1 if kind == "*" else step])
    return ",".join(texts), frozenset(chosen), texts[0].startswith("*")


def any_value(low: int, high: int):
    return st.just(("*", frozenset(range(low, high + 1)), True))


@st.composite
def days(draw):
    """The three day fields: their text, and a function that says of a date whether they name it."""
    date_text, dates, date_star = draw(st.one_of(any_value(1, 31), values(1, 31)))
    last_date = draw(st.booleans()) and not date_star
    month_text, months, _ = draw(st.one_of(any_value(1, 12), values(1, 12, MONTHS)))
    weekday_text, weekdays, weekday_star = draw(st.one_of(any_value(0, 6), values(0, 6, WEEKDAYS)))
    special = draw(st.sets(st.tuples(st.integers(0, 6), st.sampled_from([1, 2, 3, 4, 5, "L"])), max_size=2))
    special = set() if weekday_star else special

    def is_named(day: datetime) -> bool:
        weekday = (day.weekday() + 1) % 7
        nth = (weekday, (day.day + 6) // 7) in special
        last = (weekday, "L") in special and (day + 7 * DAY).month != day.month
        by_date = day.day in dates or (last_date and (day + DAY).month != day.month)
        by_weekday = weekday in weekdays or nth or last
        both = by_date and by_weekday
        return day.month in months and (both if date_star or weekday_star else by_date or by_weekday)

    weekday_texts = [weekday_text] + [
        f"{day}{'' if n == 'L' else '#'}{n}" for day, n in sorted(special, key=str)
    ]
    return f"{date_text}{',L' if last_date else ''} {month_text} {','.join(weekday_texts)}", is_named


@st.composite
def crons(draw, *, seconds: bool = False):
    """Crons of 5 or 6 fields, mostly of every day, with hours near those at which clocks are changed."""
    small_hours = st.lists(st.sampled_from([0, 1, 2, 3, 4, 22, 23]), min_size=1, max_size=3).map(
        lambda hours: (",".join(map(str, hours)), frozenset(hours), False)
    )
    second_text, second_set, _ = draw(values(0, 59)) if seconds else ("", {0}, False)
    minute_text, minute_set, _ = draw(values(0, 59))
    hour_text, hour_set, elapsed = draw(st.one_of(small_hours, any_value(0, 23), values(0, 23)))
    day_text, is_named = draw(st.one_of(st.just(("* * *", lambda _: True)), days()))

    def names(wall: datetime) -> bool:
        return (
            wall.second in second_set
            and wall.minute in minute_set
            and wall.hour in hour_set
            and is_named(wall)
        )

    return Cron(f"{second_text} {minute_text} {hour_text} {day_text}".strip(), names, elapsed)


def every_day_at(hour: int, minute: int) -> Cron:
    def names(wall: datetime) -> bool:
        return wall.hour == hour and wall.minute == minute and wall.second == 0

    return Cron(f"{minute} {hour} * * *", names, elapsed=False)


HALF_HOURS = Cron("*/30 * * * *", lambda wall: wall.minute in {0, 30}, elapsed=True)


def clocks() -> list[str]:
    """One zone for each clock: most names stand for a clock that others show too in these two years."""
    found: dict[tuple[datetime, ...], str] = {}
    for name in ZONES:
        zone = ZoneInfo(name)
        days = [datetime(2026, 1, 1, tzinfo=UTC), *change_days(zone, 2026), *change_days(zone, 2027)]
        hours = (day + HOUR * hour for day in days for hour in range(25))
        found.setdefault(tuple(hour.astimezone(zone).replace(tzinfo=None) for hour in hours), name)
    return list(found.values())


def test_every_zone_is_known():
    """Each name of the IANA database can be that of a schedule."""
    for name in ZONES:
        CronSchedule.parse("0 9 * * *", name)


@pytest.mark.parametrize("name", clocks())
def test_every_clock_fires_as_it_shows_across_both_changes(name):
    """9:00, 2:30, midnight and every half hour fire as the rules say around each change of two years."""
    zone = ZoneInfo(name)
    for midnight in [*change_days(zone, 2026), *change_days(zone, 2027)] or [
        datetime(2026, 3, 29, tzinfo=UTC)
    ]:
        start, end = midnight - DAY, midnight + DAY + 4 * HOUR
        ticks = watch(zone, start, end, MINUTE)
        for cron in (every_day_at(9, 0), every_day_at(2, 30), every_day_at(0, 0), HALF_HOURS):
            fires = CronSchedule.parse(cron.text, name).fires_between(start - SECOND, end, 999)

            assert (name, cron.text, expected(cron, ticks)) == (name, cron.text, fires)


@examples(40)
@given(changes(lambda change: change.before % MINUTE == change.after % MINUTE == NOTHING), crons(), st.data())
def test_any_cron_fires_as_the_clock_shows_across_any_change(change, cron, data):
    """Any five fields, at any change: every fire, the next of any instant, the last of any window."""
    start = change.instant.replace(second=0) - DAY - HOUR
    check(cron, change.zone, watch(ZoneInfo(change.zone), start, start + 2 * DAY + 3 * HOUR, MINUTE), data)


@examples(20)
@given(changes(lambda change: change.moved <= 3 * HOUR), crons(seconds=True), st.data())
def test_any_cron_fires_as_the_clock_shows_to_the_second(change, cron, data):
    """Any six fields, at any change on record however odd its offsets, second by second."""
    # Far enough back for the times that are shown twice to be seen the first time.
    start, end = change.instant - change.moved, change.instant + change.moved + 5 * MINUTE
    check(cron, change.zone, watch(ZoneInfo(change.zone), start, end, SECOND), data)


def check(cron: Cron, name: str, ticks: list[Tick], data: st.DataObject) -> None:
    try:
        schedule = CronSchedule.parse(cron.text, name)
    except ValueError as refusal:
        assume("never fire" not in str(refusal))
        raise
    first, last = ticks[0].instant, ticks[-1].instant
    all_fires = expected(cron, ticks)

    assert schedule.fires_between(first - SECOND, last, len(ticks)) == all_fires
    for _ in range(5):
        now, then = sorted(
            (data.draw(st.sampled_from(ticks)).instant, data.draw(st.sampled_from(ticks)).instant)
        )
        later = [fire for fire in all_fires if fire > now]
        assert schedule.next_after(now) == later[0] if later else schedule.next_after(now) > last
        within = [fire for fire in later if fire <= then]
        assert schedule.last_before_or_at(now, then) == (within[-1] if within else None)


@examples(50)
@given(days(), st.integers(1995, 2095))
def test_any_day_fields_name_the_days_of_the_calendar(day_fields, year):
    """Dates, months and weekdays with L and #, in any union or intersection, over nine years of days."""
    text, is_named = day_fields
    first = datetime(year, 1, 1, tzinfo=UTC)
    named = [day for day in (first + DAY * n for n in range(9 * 365)) if is_named(day)]
    assume(named)

    fires = CronSchedule.parse(f"0 0 {text}").fires_between(
        first - SECOND, named[min(60, len(named) - 1)], 999
    )

    assert fires == named[:61]


@examples(50)
@given(
    values(0, 59, wrap=False),
    values(0, 23, wrap=False),
    values(1, 12, MONTHS, wrap=False),
    st.integers(0, 70 * 365 * 86_400).map(lambda second: datetime.fromtimestamp(second, UTC)),
)
def test_another_implementation_agrees_where_the_dialects_do_not_differ(minute, hour, month, now):
    """Lists, ascending ranges, steps and names fire at the instants that croniter says, in UTC."""
    cron = f"{minute[0]} {hour[0]} * {month[0]} *"
    others = croniter(cron, now, ret_type=datetime)
    schedule = CronSchedule.parse(cron)

    assert schedule.fires_between(now, now + 9999 * DAY, 5) == [others.get_next() for _ in range(5)]


def test_no_clock_is_changed_twice_within_two_days_or_by_more_than_one():
    """What the search for a change relies on holds for every change on record."""
    too_far = [change for change in history() if change.moved > DAY]
    too_soon = [
        (a, b) for a, b in pairwise(history()) if a.zone == b.zone and b.instant - a.instant <= 2 * DAY
    ]

    assert too_far == []
    assert too_soon == []
