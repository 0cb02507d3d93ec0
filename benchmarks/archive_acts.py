"""What `benchmarks.archive` asks of a grown service, and what happens there beside claims."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from math import inf
from time import monotonic
from typing import Any

from shared.core import Core
from shared.dashboard import dashboard
from shared.jobs.filtering import JobFilter
from shared.jobs.listing import list_jobs
from shared.jobs.retention import delete_old_jobs, drop_partitions, make_partitions
from shared.jobs.stats import job_stats
from shared.queues.stats import queue_stats
from shared.store import SYSTEM, Query
from shared.tenants.caller import Caller

ORG = Caller(org_id=1, key_id=1)
DAY = timedelta(days=1)
DELETING_SECONDS = 0.5
Act = Callable[[Core], Awaitable[Any]]


def now() -> datetime:
    return datetime.now(UTC)


def page(**wanted: Any) -> Act:
    """A page of a list."""
    return lambda core: list_jobs(core, ORG, JobFilter(**wanted), now())


READS: dict[str, Act] = {
    "list: all": page(),
    "list: a queue": page(queue="bench-3"),
    "list: a queue with none": page(queue="small"),
    "list: pending": page(statuses=("pending",)),
    "list: completed": page(statuses=("completed",)),
    "list: completed of a queue": page(queue="bench-3", statuses=("completed",)),
    "list: dead letters": page(statuses=("deadletter",)),
    "list: a tag that one in 1,000 has": page(tag="rare"),
    "list: created 30 days ago": lambda core: list_jobs(
        core, ORG, JobFilter(created_after=now() - 30 * DAY, created_before=now() - 29 * DAY), now()
    ),
    "list: last changed first": page(order_by="updated_at"),
    "list: 1,000 jobs down": page(offset=1_000),
    "list: 100,000 jobs down": page(offset=100_000),
    "statistics": lambda core: job_stats(core, ORG, now()),
    "statistics of a queue": lambda core: queue_stats(core, ORG, "bench-0", now()),
    "dashboard": lambda core: dashboard(core, ORG, now()),
}


async def nothing(_core: Core) -> None:
    pass


async def keep_less(core: Core) -> None:
    """The second organization has kept its jobs for 90 days, and is to keep them for 60."""
    limits = "UPDATE organization SET custom_limits = '{\"job_retention_days\": 60}' WHERE org_id = 2"
    await core.store.fetch(SYSTEM, Query("keep_less", limits, hot=False))


_days_on = count(2)


async def drop_a_day(core: Core) -> None:
    """The timer a day later than before, as it goes on day after day."""
    await drop_partitions(core, now() + next(_days_on) * DAY, inf)


_days_ahead = count(5)


async def make_a_day(core: Core) -> None:
    await make_partitions(core, now() + next(_days_ahead) * DAY)


BESIDE: dict[str, tuple[Act, Act]] = {
    "nothing happens": (nothing, nothing),
    "days are dropped": (nothing, drop_a_day),
    "partitions are made": (nothing, make_a_day),
    "old jobs of an organization are deleted": (
        keep_less,
        lambda core: delete_old_jobs(core, now(), monotonic() + DELETING_SECONDS),
    ),
    "lists are read": (nothing, page(offset=1_000)),
    "the dashboard is read": (nothing, READS["dashboard"]),
}
