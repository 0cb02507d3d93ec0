"""When schedules fire, case by case."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.schedules.cron import CronSchedule, preview


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fires(cron: str, zone: str, after: str, n: int) -> list[str]:
    schedule = CronSchedule.parse(cron, zone)
    found = schedule.fires_between(at(after), datetime(2200, 1, 1, tzinfo=UTC), n)
    return [fire.strftime("%Y-%m-%d %H:%M:%S").removesuffix(":00") for fire in found]


@pytest.mark.parametrize(
    ("cron", "after", "expected"),
    [
        ("* * * * *", "2026-01-01 00:00", ["2026-01-01 00:01", "2026-01-01 00:02"]),
        ("*/20 * * * * *", "2026-01-01 00:00", ["2026-01-01 00:00:20", "2026-01-01 00:00:40"]),
        ("0 9 * * MON-FRI", "2026-01-02 09:00", ["2026-01-05 09:00", "2026-01-06 09:00"]),
        ("0 9 * * FRI-MON", "2026-01-02 09:00", ["2026-01-03 09:00", "2026-01-04 09:00", "2026-01-05 09:00"]),
        ("0 22-2/2 * * *", "2026-01-01 21:00", ["2026-01-01 22:00", "2026-01-02 00:00", "2026-01-02 02:00"]),
        ("0 0 1 nov-feb *", "2026-01-15", ["2026-02-01 00:00", "2026-11-01 00:00", "2026-12-01 00:00"]),
        ("50-10/10 5 * * *", "2026-01-01", ["2026-01-01 05:00", "2026-01-01 05:10", "2026-01-01 05:50"]),
        ("5-5 5-5 * 5-5 *", "2026-01-01", ["2026-05-01 05:05", "2026-05-02 05:05"]),
        ("5/25 0 * * *", "2026-01-01", ["2026-01-01 00:05", "2026-01-01 00:30", "2026-01-01 00:55"]),
        ("0 0 L * *", "2028-01-01", ["2028-01-31 00:00", "2028-02-29 00:00", "2028-03-31 00:00"]),
        ("0 0 1,L 2 ?", "2026-01-01", ["2026-02-01 00:00", "2026-02-28 00:00", "2027-02-01 00:00"]),
        ("0 0 ? * 2#2", "2026-01-01", ["2026-01-13 00:00", "2026-02-10 00:00"]),
        ("0 0 * * mon#5", "2026-01-01", ["2026-03-30 00:00", "2026-06-29 00:00"]),
        ("0 0 * * FRIL", "2026-01-01", ["2026-01-30 00:00", "2026-02-27 00:00"]),
        ("0 0 * * 5L,L1", "2026-01-01", ["2026-01-26 00:00", "2026-01-30 00:00"]),
        ("0 0 * * 0", "2026-01-01", ["2026-01-04 00:00", "2026-01-11 00:00"]),
        ("0 0 * * 7", "2026-01-01", ["2026-01-04 00:00", "2026-01-11 00:00"]),
        ("0 0 * * 7/3", "2026-01-01", ["2026-01-03 00:00", "2026-01-04 00:00", "2026-01-07 00:00"]),
        ("0 0 * * 6-7", "2026-01-01", ["2026-01-03 00:00", "2026-01-04 00:00", "2026-01-10 00:00"]),
        ("0 0 29 2 *", "2096-01-01", ["2096-02-29 00:00", "2104-02-29 00:00"]),
        ("0 0 ? 2 MON#5", "2026-01-01", ["2044-02-29 00:00", "2072-02-29 00:00", "2112-02-29 00:00"]),
        ("0 0 29 2 MON#5", "2026-01-01", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        (" 0\t9 * * * ", "2026-01-01", ["2026-01-01 09:00"]),
    ],
)
def test_fields_mean_what_cron_users_expect(cron, after, expected):
    """Names, ranges, wrap-around ranges, lists, steps, L and # name the usual days and times."""
    assert fires(cron, "UTC", after, len(expected)) == expected


@pytest.mark.parametrize(
    ("cron", "days"),
    [
        ("0 0 13 * FRI", [2, 9, 13, 16, 23, 30]),
        ("0 0 L * FRI", [2, 9, 16, 23, 30, 31]),
        ("0 0 13,27 * MON#2", [12, 13, 27]),
        ("0 0 ? * FRI", [2, 9, 16, 23, 30]),
        ("0 0 13 * ?", [13]),
        ("0 0 */2 * FRI", [9, 23]),
        ("0 0 1-31 * FRI", list(range(1, 32))),
    ],
)
def test_two_restricted_day_fields_mean_either(cron, days):
    """A day fires by either day field when neither begins with * or ?, else it must satisfy both."""
    january = CronSchedule.parse(cron).fires_between(at("2025-12-31 12:00"), at("2026-01-31 12:00"), 99)

    assert [fire.day for fire in january] == days


@pytest.mark.parametrize(
    ("nickname", "cron"),
    [
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        ("@monthly", "0 0 1 * *"),
        ("@weekly", "0 0 * * 0"),
        ("@daily", "0 0 * * *"),
        ("@Midnight", "0 0 * * *"),
        ("@hourly", "0 * * * *"),
    ],
)
def test_nicknames_stand_for_their_crons(nickname, cron):
    """A nickname fires exactly as the five fields it stands for."""
    assert fires(nickname, "Asia/Tokyo", "2026-01-01", 5) == fires(cron, "Asia/Tokyo", "2026-01-01", 5)


NEW_YORK = "America/New_York"  # 2026: forward on 8 March at 07:00 UTC, back on 1 November at 06:00 UTC
SKIPPED = "2026-03-08 06:00"


@pytest.mark.parametrize(
    ("cron", "zone", "after", "expected"),
    [
        # The whole day keeps its local time.
        ("0 9 * * *", NEW_YORK, "2026-03-07", ["2026-03-07 14:00", "2026-03-08 13:00", "2026-03-09 13:00"]),
        ("0 9 * * *", NEW_YORK, "2026-10-31", ["2026-10-31 13:00", "2026-11-01 14:00", "2026-11-02 14:00"]),
        # Skipped: at the first instant after the gap, several together once.
        ("30 2 * * *", NEW_YORK, SKIPPED, ["2026-03-08 07:00", "2026-03-09 06:30"]),
        ("0 2,3 * * *", NEW_YORK, SKIPPED, ["2026-03-08 07:00", "2026-03-09 06:00"]),
        ("*/10 2 * * *", NEW_YORK, SKIPPED, ["2026-03-08 07:00", "2026-03-09 06:00"]),
        ("* * 2 * * *", NEW_YORK, SKIPPED, ["2026-03-08 07:00", "2026-03-09 06:00", "2026-03-09 06:00:01"]),
        ("59 59 1-2 * * *", NEW_YORK, SKIPPED, ["2026-03-08 06:59:59", "2026-03-08 07:00"]),
        # Shown twice: at the first occurrence only.
        ("30 1 * * *", NEW_YORK, "2026-11-01", ["2026-11-01 05:30", "2026-11-02 06:30"]),
        ("30 1 * * *", NEW_YORK, "2026-11-01 06:10", ["2026-11-02 06:30"]),
        ("0,59 0-23 * * *", NEW_YORK, "2026-11-01 05:00", ["2026-11-01 05:59", "2026-11-01 07:00"]),
        ("59 59 1 * * *", NEW_YORK, "2026-11-01 05:00", ["2026-11-01 05:59:59", "2026-11-02 06:59:59"]),
        ("0 1,* * * *", NEW_YORK, "2026-11-01 04:00", ["2026-11-01 05:00", "2026-11-01 07:00"]),
        # An hour field that begins with * follows elapsed time.
        ("0 * * * *", NEW_YORK, SKIPPED, ["2026-03-08 07:00", "2026-03-08 08:00"]),
        ("*/40 * * * *", NEW_YORK, SKIPPED, ["2026-03-08 06:40", "2026-03-08 07:00", "2026-03-08 07:40"]),
        ("30 */2 * * *", NEW_YORK, "2026-03-08 05:00", ["2026-03-08 05:30", "2026-03-08 08:30"]),
        (
            "0 * * * *",
            NEW_YORK,
            "2026-11-01 04:00",
            ["2026-11-01 05:00", "2026-11-01 06:00", "2026-11-01 07:00"],
        ),
        (
            "30 * * * *",
            NEW_YORK,
            "2026-11-01 05:00",
            ["2026-11-01 05:30", "2026-11-01 06:30", "2026-11-01 07:30"],
        ),
        ("30 * 1 11 *", NEW_YORK, "2026-11-01 05:45", ["2026-11-01 06:30"]),
        # Half an hour, at 15:30 UTC forward, at 15:00 UTC back.
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03 12:00", ["2026-10-03 15:30", "2026-10-04 15:15"]),
        ("45 1 * * *", "Australia/Lord_Howe", "2026-04-04 12:00", ["2026-04-04 14:45", "2026-04-05 15:15"]),
        ("45 * * * *", "Australia/Lord_Howe", "2026-04-04 14:00", ["2026-04-04 14:45", "2026-04-04 15:15"]),
        # A day that never was: 30 December 2011.
        ("0 9 30 12 *", "Pacific/Apia", "2011-06-01", ["2011-12-30 10:00", "2012-12-29 19:00"]),
        (
            "0 9 * * *",
            "Pacific/Apia",
            "2011-12-29",
            ["2011-12-29 19:00", "2011-12-30 10:00", "2011-12-30 19:00"],
        ),
        ("0 * 30 12 *", "Pacific/Apia", "2011-06-01", ["2012-12-29 10:00"]),
        # No midnight.
        ("0 0 * * *", "America/Sao_Paulo", "2018-11-03 12:00", ["2018-11-04 03:00", "2018-11-05 02:00"]),
        ("0 0 * * *", "Asia/Beirut", "2026-03-28", ["2026-03-28 22:00", "2026-03-29 21:00"]),
        ("0 0 * * *", "Africa/Cairo", "2026-04-23", ["2026-04-23 22:00", "2026-04-24 21:00"]),
        ("30 23 * * *", "Africa/Cairo", "2026-10-29", ["2026-10-29 20:30", "2026-10-30 21:30"]),
        # Back before Ramadan and forward after it.
        ("30 2 * * *", "Africa/Casablanca", "2026-02-14 12:00", ["2026-02-15 01:30", "2026-02-16 02:30"]),
        ("30 2 * * *", "Africa/Casablanca", "2026-03-21 12:00", ["2026-03-22 02:00", "2026-03-23 01:30"]),
        # A gap of 44 minutes and 30 seconds.
        ("0 10 0 * * *", "Africa/Monrovia", "1972-01-06 12:00", ["1972-01-07 00:44:30", "1972-01-08 00:10"]),
        ("31 44 0 * * *", "Africa/Monrovia", "1972-01-06 12:00", ["1972-01-07 00:44:31"]),
    ],
)
def test_a_change_of_the_clock_neither_skips_nor_doubles(cron, zone, after, expected):
    """Skipped times fire once after the gap, repeated ones the first time; `*` hours follow elapsed time."""
    assert fires(cron, zone, after, len(expected)) == expected


def test_next_is_strictly_after_to_the_microsecond():
    """A fire is not after itself, and is after the last microsecond before it."""
    schedule = CronSchedule.parse("0 9 * * *")
    fire, tomorrow = at("2026-01-01 09:00"), at("2026-01-02 09:00")

    assert schedule.next_after(fire - timedelta(microseconds=1)) == fire
    assert schedule.next_after(fire) == tomorrow
    assert schedule.next_after(fire + timedelta(microseconds=1)) == tomorrow


def test_an_instant_may_come_in_any_zone_but_not_without_one():
    """An instant is an instant whatever its offset; a time without a zone is refused."""
    schedule = CronSchedule.parse("0 9 * * *")

    assert schedule.next_after(datetime.fromisoformat("2026-01-01T10:30:00+02:00")) == at("2026-01-01 09:00")
    with pytest.raises(ValueError, match="time zone"):
        schedule.next_after(datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake under test


def test_a_window_is_open_at_its_start_and_closed_at_its_end():
    """Fires lie in (after, until], oldest first, and the limit takes the oldest."""
    schedule = CronSchedule.parse("0 * * * *")
    start, end = at("2026-01-01 10:00"), at("2026-01-01 13:00")
    hours = [at("2026-01-01 11:00"), at("2026-01-01 12:00"), at("2026-01-01 13:00")]

    assert schedule.fires_between(start, end, 10) == hours
    assert schedule.fires_between(start, end, 2) == hours[:2]
    assert schedule.fires_between(start, end, 0) == []
    assert schedule.fires_between(end, start, 10) == []


@pytest.mark.parametrize(
    ("cron", "after", "until", "expected"),
    [
        ("0 9 * * *", "2026-01-01 09:00", "2026-01-02 08:59:59", None),
        ("0 9 * * *", "2026-01-01 08:59:59", "2026-01-01 09:00", "2026-01-01 09:00"),
        ("0 9 * * *", "2026-01-01 09:00", "2026-03-10 09:30", "2026-03-10 09:00"),
        ("* * * * * *", "2025-01-01", "2026-01-01", "2026-01-01 00:00"),
        ("0 0 29 2 *", "2000-01-01", "2026-01-01", "2024-02-29 00:00"),
        ("* * * * *", "2026-01-01", "2026-01-01", None),
        ("* * * * *", "2026-01-02", "2026-01-01", None),
    ],
)
def test_the_most_recent_fire_is_found_in_the_window(cron, after, until, expected):
    """The last fire in (after, until] is found, also behind millions of others; an empty window has none."""
    found = CronSchedule.parse(cron).last_before_or_at(at(after), at(until))

    assert found == (expected and at(expected))


def test_preview_shows_both_clocks():
    """A preview gives each fire in UTC and in local time, with the offset of that day."""
    shown = preview(CronSchedule.parse("0 9 * * *", "Europe/Berlin"), at("2026-03-28"), 2)

    assert [(utc.isoformat(), local.isoformat()) for utc, local in shown] == [
        ("2026-03-28T08:00:00+00:00", "2026-03-28T09:00:00+01:00"),
        ("2026-03-29T07:00:00+00:00", "2026-03-29T09:00:00+02:00"),
    ]
