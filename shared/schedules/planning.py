"""Which slots of a schedule are to be fired now, and when it is next looked at."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from shared.errors import InvalidInputError
from shared.schedules.cron import CronSchedule, InvalidCron, UnknownTimezone

MisfirePolicy = Literal["skip", "last", "all"]
ON_TIME = timedelta(minutes=1)
"""A slot that is fired within this of its time was not missed: timers in the cloud start once a minute."""
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """The slots to fire now, oldest first, and the next one to wait for."""

    slots: list[datetime]
    next_run_at: datetime


def read_cron(expression: str, timezone: str) -> CronSchedule:
    """The cron in its zone; InvalidInputError naming `cron_expression` or `timezone`."""
    try:
        return CronSchedule.parse(expression, timezone)
    except InvalidCron as error:
        raise InvalidInputError.of_field("cron_expression", str(error), "invalid_cron") from None
    except UnknownTimezone as error:
        raise InvalidInputError.of_field("timezone", str(error), "unknown_timezone") from None


def plan_fires(
    cron: CronSchedule, due_at: datetime, now: datetime, policy: MisfirePolicy, limit: int, room: int
) -> Plan:
    """Plan what a schedule whose earliest unfired slot is `due_at` does at `now`.

    As long as no slot is late, all of them fire. Once one is, nobody was there to fire it, and the policy
    says which slots do: none of the late ones, the most recent one, or the `limit` most recent ones.
    `room` bounds one plan; what does not fit is planned again at once.
    """
    after, late = due_at - _SECOND, now - ON_TIME
    if due_at > late:
        slots = cron.fires_between(after, now, room + 1)
    elif policy == "skip":
        slots = cron.fires_between(late, now, room + 1)
    else:
        slots = _most_recent(cron, after, now, 1 if policy == "last" else limit)
    if len(slots) > room:
        return Plan(slots[:room], slots[room])
    return Plan(slots, cron.next_after(now))


def _most_recent(cron: CronSchedule, after: datetime, until: datetime, count: int) -> list[datetime]:
    """The last `count` fires in (after, until], oldest first."""
    fires = cron.fires_between(after, until, count + 1)
    if len(fires) <= count:
        return fires
    fires = []
    while len(fires) < count and (fire := cron.last_before_or_at(after, until)):
        fires.append(fire)
        until = fire - _SECOND
    return fires[::-1]
