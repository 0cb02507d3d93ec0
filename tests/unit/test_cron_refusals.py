"""What a person reads who wrote a cron or a time zone that breaks a rule."""

import pytest

from shared.schedules.cron import CronSchedule, InvalidCron, UnknownTimezone


@pytest.mark.parametrize(
    ("cron", "parts"),
    [
        ("61 * * * *", ["minute", "'61'", "0-59"]),
        ("0 24 * * *", ["hour", "'24'", "0-23"]),
        ("60 * * * * *", ["second", "'60'", "0-59"]),
        ("0 0 32 * *", ["day-of-month", "'32'", "1-31"]),
        ("0 0 0 * *", ["day-of-month", "'0'", "1-31"]),
        ("0 0 * 13 *", ["month", "'13'", "1-12"]),
        ("0 0 * FOO *", ["month", "'FOO'", "JAN-DEC"]),
        ("0 0 * * 8", ["day-of-week", "'8'", "0-7"]),
        ("0 0 * * JAN", ["day-of-week", "'JAN'", "SUN-SAT"]),
        ("0 0 * * MON#6", ["day-of-week", "'MON#6'", "MON#2"]),
        ("0 0 * * L", ["day-of-week", "'L'", "FRIL"]),
        ("*/0 * * * *", ["minute", "'*/0'", "1-60"]),
        ("*/90 * * * *", ["minute", "'*/90'", "1-60"]),
        ("*-5 * * * *", ["minute", "'*-5'"]),
        ("1,,2 * * * *", ["minute", "''"]),
        ("-1 * * * *", ["minute", "'-1'"]),
        ("? * * * *", ["minute", "'?'"]),
        ("H * * * *", ["minute", "'H'"]),
        ("0 0 15W * *", ["day-of-month", "'15W'"]),
        ("0\n0 * * * *", ["minute", "'0\\n0'"]),
        ("\u0661 * * * *", ["ASCII"]),
        ("* * * *", ["4 fields", "minute hour day-of-month month day-of-week"]),
        ("0 0 1 1 * * 2030", ["7 fields"]),
        ("", ["0 fields"]),
        ("@reboot", ["'@reboot'", "@daily"]),
        ("* " * 200, ["400 characters", "255"]),
        ("0 0 30 2 *", ["'0 0 30 2 *'", "never fire"]),
        ("0 0 31 4,6,9,11 *", ["never fire"]),
    ],
)
def test_a_bad_cron_says_what_where_and_how(cron, parts):
    """The message names the field, shows what was wrong in it and gives the rule."""
    with pytest.raises(InvalidCron) as refusal:
        CronSchedule.parse(cron)

    assert [part for part in parts if part not in str(refusal.value)] == []


@pytest.mark.parametrize(
    ("zone", "part"),
    [
        ("europe/berlin", "did you mean Europe/Berlin?"),
        ("Berlin", "did you mean Europe/Berlin?"),
        ("America/NewYork", "did you mean America/New_York?"),
        ("new york", "did you mean America/New_York?"),
        ("UTC+2", "Etc/GMT-2 is two hours ahead"),
        ("PST", "such as Europe/Berlin"),
        ("", "such as Europe/Berlin"),
        ("localtime", "'localtime'"),
        ("../../etc/passwd", "'../../etc/passwd'"),
        ("Europe", "'Europe'"),
        ("\ud800\0", "'\\ud800\\x00'"),
    ],
)
def test_an_unknown_zone_comes_with_advice(zone, part):
    """The message repeats the name and says what was probably meant; a path is no name."""
    with pytest.raises(UnknownTimezone) as refusal:
        CronSchedule.parse("0 9 * * *", zone)

    assert part in str(refusal.value)
