"""Text of any kind in place of a cron or a time zone, and the time that the worst of it takes."""

from datetime import UTC, datetime, timedelta
from time import process_time
from timeit import repeat
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from shared.schedules.cron import CronSchedule, InvalidCron, UnknownTimezone
from tests.support.effort import examples

NOW = datetime(2026, 3, 8, 6, 30, tzinfo=UTC)
YEAR = timedelta(days=365)
GOOD = ["*", "?", "L", "5L", "L5", "MON#5", "FEB", "29", "0-7", "31-1", "59", "*/60", "*/7", "2", "JAN-DEC/3"]
BAD = ["-", ",", "/", "#", "", "*/0", "0/0", "9" * 20, "1-2-3", "W", "H", "@", "*-*", "MON-", "L-3"]

any_text = st.text(max_size=300)
cron_letters = st.text("0123456789*/-,#?L @\t\nWHRMONJAFEB", max_size=300)
items = st.lists(st.sampled_from(GOOD + BAD), min_size=1, max_size=60).map(",".join)
fields = st.lists(items, min_size=4, max_size=7).map(" ".join)
near_valid = st.lists(st.sampled_from(["*", "0", "2", "*/7"] * 5 + GOOD), min_size=5, max_size=6).map(
    " ".join
)


@examples(300)
@given(any_text | cron_letters | fields | near_valid)
@example("*/" + "9" * 250)
@example(("0-59," * 50)[:-1] + " * * * *")
@example("0 0 29,30,31 2 MON#5")
@example("0 0 31 2 ?")
@example("0 0 0 30 2 *")
def test_any_text_is_a_cron_that_fires_or_is_refused_at_once(text):
    """Garbage is refused in few words and few milliseconds; all else fires after now, on time each time."""
    started, message = process_time(), ""
    try:
        schedule = CronSchedule.parse(text, "America/New_York")
    except InvalidCron as refusal:
        message = str(refusal)
    else:
        fire = schedule.next_after(NOW)
        assert NOW < fire < NOW + 41 * YEAR
        assert schedule.next_after(fire - timedelta(seconds=1)) == fire
        assert schedule.last_before_or_at(NOW, fire) == fire
    assert process_time() - started < 0.05
    assert len(message) <= 300
    assert message.isprintable()


@examples(75)
@given(any_text | st.text("/EuropBlin_.", max_size=300))
@example("a" * 100_000)
def test_any_text_is_no_time_zone_and_is_refused_at_once(text):
    """Whatever is no name of a zone is refused in few words and few milliseconds."""
    assume(text not in available_timezones())
    started = process_time()
    with pytest.raises(UnknownTimezone) as refusal:
        CronSchedule.parse("* * * * *", text)

    assert len(str(refusal.value)) <= 300
    assert str(refusal.value).isprintable()
    assert process_time() - started < 0.05


@pytest.mark.parametrize(
    ("cron", "zone"),
    [
        ("0 9 * * *", "America/New_York"),
        ("*/5 * * * *", "Europe/Berlin"),
        ("* * * * * *", "UTC"),
        ("0 0 L * FRIL", "Australia/Lord_Howe"),
        ("30 2 8 3 *", "America/New_York"),
        ("0 */2 29 2 ?", "Africa/Casablanca"),
    ],
)
def test_the_next_fire_is_not_searched_for(cron, zone):
    """Fires are computed, not searched for: 25 to 180 readings of a clock, where a walk takes thousands."""
    schedule, local = CronSchedule.parse(cron, zone), ZoneInfo(zone)
    reading = min(repeat(lambda: NOW.astimezone(local), number=1000, repeat=7))

    assert min(repeat(lambda: schedule.next_after(NOW), number=1000, repeat=7)) < 1000 * reading


@pytest.mark.parametrize("cron", ["* * * * * *", "*/5 * * * *", "* * 0-23 * * *", "0 0 ? 2 MON#5"])
def test_the_last_of_millions_of_fires_costs_no_more_than_fifty_next_ones(cron, monkeypatch):
    """The most recent fire of twenty years is found by halving."""
    schedule, calls = CronSchedule.parse(cron, "America/New_York"), []
    next_after = CronSchedule.next_after
    monkeypatch.setattr(CronSchedule, "next_after", lambda self, at: calls.append(at) or next_after(self, at))

    schedule.last_before_or_at(NOW, NOW + 20 * YEAR)

    assert len(calls) < 50
