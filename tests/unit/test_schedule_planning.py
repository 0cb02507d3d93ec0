"""Which slots are fired at an instant, by policy."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.schedules.cron import CronSchedule
from shared.schedules.planning import MisfirePolicy, Plan, plan_fires

NOON = datetime(2027, 6, 1, 12, 0, tzinfo=UTC)
EACH_SECOND = CronSchedule.parse("* * * * * *")


def seconds(*offsets: int) -> list[datetime]:
    return [NOON + timedelta(seconds=offset) for offset in offsets]


@pytest.mark.parametrize("policy", ["skip", "last", "all"])
def test_slots_that_are_not_late_all_fire_whatever_the_policy(policy: MisfirePolicy) -> None:
    """A timer that is a little slow has missed nothing."""
    plan = plan_fires(EACH_SECOND, NOON, NOON + timedelta(seconds=2.5), policy, 100, room=50)

    assert Plan(seconds(0, 1, 2), seconds(3)[0]) == plan


def test_skip_fires_what_is_on_time_after_all() -> None:
    """After ten minutes away, what came within the last minute is on time and fires."""
    now = NOON + timedelta(minutes=10)

    plan = plan_fires(CronSchedule.parse("*/30 * * * * *"), NOON, now, "skip", 100, room=50)

    assert Plan(seconds(570, 600), seconds(630)[0]) == plan


def test_the_most_recent_missed_slots_are_found_among_a_million() -> None:
    """After twelve days away, `all` fires its limit of the most recent slots, oldest first."""
    plan = plan_fires(EACH_SECOND, NOON, NOON + timedelta(seconds=1_000_000), "all", 3, room=50)

    assert Plan(seconds(999_998, 999_999, 1_000_000), seconds(1_000_001)[0]) == plan


@pytest.mark.parametrize("policy", ["skip", "all"])
@pytest.mark.parametrize("away_seconds", [30, 90, 300])
def test_what_does_not_fit_is_planned_again_and_adds_up(policy: MisfirePolicy, away_seconds: int) -> None:
    """Plans with little room, one after the other, fire what one plan with enough room does."""
    now = NOON + timedelta(seconds=away_seconds)
    whole = plan_fires(EACH_SECOND, NOON, now, policy, 70, room=1000)

    slots: list[datetime] = []
    due_at = NOON
    while due_at <= now:
        plan = plan_fires(EACH_SECOND, due_at, now, policy, 70, room=8)
        slots += plan.slots
        due_at = plan.next_run_at

    assert whole == Plan(slots, due_at)
