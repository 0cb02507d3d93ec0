"""Lists and figures of an organization with a million finished jobs and 100,000 unfinished ones read indexes.

Bounds are in pages of 8 KB. The archive of these tests has 25,000, the unfinished jobs 2,100.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import psycopg
import pytest

from shared import ids
from shared.admin.organizations import OrganizationFilter, list_organizations
from shared.admin.stats import service_stats
from shared.core import Core
from shared.dashboard import dashboard
from shared.events.wakeups import Wakeups
from shared.jobs.estimate import SAMPLE
from shared.jobs.explain import _explain_waiting
from shared.jobs.figures import count_slots, forget_old_slots
from shared.jobs.filtering import JobFilter
from shared.jobs.listing import list_jobs, list_whole_jobs
from shared.jobs.stats import job_stats
from shared.limits.usage import usage_info
from shared.metrics.finished import count_finished
from shared.metrics.gauges import read_gauges
from shared.queues.config import list_queues
from shared.queues.stats import figures_of, queue_stats
from shared.settings import Settings
from shared.tenants.caller import Caller
from shared.webhooks.traces import traces_of
from tests.support.plans import RecordingStore, plan_of
from tests.support.servers import Servers

if TYPE_CHECKING:
    from shared.store import Store

Connection = psycopg.Connection[Any]
ORG = Caller(org_id=1, key_id=1)
NARROW = replace(ORG, queues=("queue-3",))
LOADED = "job, job_archive, job_slot, job_total, job_total_mark, queue, worker, organization"
_LONGEST_VACUUMS = 100
pytestmark = pytest.mark.parametrize("generic", [False, True], ids=["custom", "generic"])


@pytest.fixture(scope="module")
def archive(servers: Servers, worker_id: str) -> Iterator[Connection]:
    """A database of 1,200,000 jobs, vacuumed as autovacuum leaves one that is at rest."""
    url = servers.new_database(f"archive_{worker_id}")
    with psycopg.connect(url, autocommit=True) as connection:
        with connection.transaction():
            connection.execute(Path(__file__).with_name("archive.sql").read_bytes())
        for _ in range(_LONGEST_VACUUMS):
            connection.execute(f"VACUUM ANALYZE {LOADED}".encode())
            if not pages_to_vacuum(connection):
                break
        yield connection


def pages_to_vacuum(connection: Connection) -> int:
    """Pages that an index alone cannot speak for: a snapshot held elsewhere keeps a vacuum from some."""
    row = connection.execute(
        "SELECT sum(relpages - relallvisible) FROM pg_class WHERE relname LIKE 'job%' AND relkind = 'r'"
    ).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture(scope="module")
def now(archive: Connection) -> datetime:
    """When the jobs were loaded."""
    row = archive.execute("SELECT max(finished_at) FROM job_archive").fetchone()
    assert row is not None
    instant: datetime = row[0].astimezone(UTC)
    return instant + timedelta(seconds=5)


@pytest.fixture
def store() -> RecordingStore:
    """Answers every query with zeros."""
    zeros = defaultdict(int, plan_tier="enterprise", oldest_created_at=None, paused_at=None)
    names = (
        "find_queue",
        "gauges",
        "job_stats",
        "jobs",
        "list_organizations",
        "count_all_workers",
        "count_workers",
        "queue_stats",
        "recent",
        "usage",
    )
    return RecordingStore(rows={name: [zeros] for name in names})


@pytest.fixture
def core(store: RecordingStore) -> Core:
    return Core(Settings(spooled_env="development"), cast("Store", store), Wakeups())


DAY = timedelta(days=1)
Page = Callable[[datetime], JobFilter]
A_PAGE = 200


def far_down(now: datetime) -> str:
    """The id of a job, if there was one, of three days before."""
    return ids.encode("job", ids.first_of(now, -3 * DAY))


PAGES: dict[str, tuple[Page, int]] = {
    "all": (lambda _: JobFilter(), A_PAGE),
    "oldest first": (lambda _: JobFilter(descending=False), A_PAGE),
    "a queue": (lambda _: JobFilter(queue="queue-3"), A_PAGE),
    "a queue with none": (lambda _: JobFilter(queue="small"), A_PAGE),
    "pending": (lambda _: JobFilter(statuses=("pending",)), A_PAGE),
    "scheduled": (lambda _: JobFilter(statuses=("scheduled",)), A_PAGE),
    "completed": (lambda _: JobFilter(statuses=("completed",)), A_PAGE),
    "failed": (lambda _: JobFilter(statuses=("failed",)), A_PAGE),
    "dead": (lambda _: JobFilter(statuses=("deadletter",)), A_PAGE),
    "cancelled": (lambda _: JobFilter(statuses=("cancelled",)), A_PAGE),
    # All that run at this moment, a thousand.
    "processing": (lambda _: JobFilter(statuses=("processing",)), 1_500),
    # Of those that wait none is read, also where a page is not filled.
    "processing of no type": (lambda _: JobFilter(statuses=("processing",), job_type="none"), 1_500),
    "several statuses": (lambda _: JobFilter(statuses=("pending", "failed", "completed")), A_PAGE),
    "dead of a queue": (lambda _: JobFilter(queue="queue-0", statuses=("deadletter",)), A_PAGE),
    "dead of a queue with none": (lambda _: JobFilter(queue="queue-1", statuses=("deadletter",)), A_PAGE),
    # No index tells scheduled jobs from pending ones: those of the queue are read, the archive is not.
    "scheduled of a queue with none": (lambda _: JobFilter(queue="queue-3", statuses=("scheduled",)), 3_000),
    "created after": (lambda now: JobFilter(created_after=now - DAY / 5), A_PAGE),
    "created before": (lambda now: JobFilter(created_before=now - 3 * DAY), A_PAGE),
    "created between": (
        lambda now: JobFilter(created_after=now - 3.1 * DAY, created_before=now - 3 * DAY),
        A_PAGE,
    ),
    "behind a job far down": (lambda now: JobFilter(after=far_down(now)), A_PAGE),
    "behind a job of a queue": (lambda now: JobFilter(queue="queue-3", after=far_down(now)), A_PAGE),
    "before a job of a queue": (
        lambda now: JobFilter(queue="queue-3", after=far_down(now), descending=False),
        A_PAGE,
    ),
    "behind a dead job": (lambda now: JobFilter(statuses=("deadletter",), after=far_down(now)), A_PAGE),
    # What is skipped is read, in the index alone or nearly so.
    "the twentieth page": (lambda _: JobFilter(offset=1_000), 400),
    "a page far down": (lambda _: JobFilter(offset=100_000), 5_000),
    "last completed first": (lambda _: JobFilter(order_by="completed_at"), A_PAGE),
    "first completed first": (lambda _: JobFilter(order_by="completed_at", descending=False), A_PAGE),
    "by queue": (lambda _: JobFilter(order_by="queue_name"), A_PAGE),
    # The unfinished ones are sorted.
    "last changed first": (lambda _: JobFilter(order_by="updated_at"), 4_000),
    "a common word": (lambda _: JobFilter(q="queue-3"), A_PAGE),
    "a common type": (lambda _: JobFilter(job_type="type-3"), A_PAGE),
    # One job in fifty has it: fifty are read for each that is shown.
    "a tag": (lambda _: JobFilter(tag="rare"), 4_000),
}


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_costs_what_it_shows(
    archive: Connection, core: Core, store: RecordingStore, now: datetime, *, generic: bool, name: str
) -> None:
    """A page of a list stops early in an index, whatever it is filtered or ordered by."""
    page, most = PAGES[name]
    await list_jobs(core, ORG, page(now), now)

    plan = plan_of(archive, store.of("list_jobs"), generic=generic)

    assert plan.scanned_tables == set()
    assert plan.buffers <= most


@pytest.mark.parametrize("queue", ["queue-0", "queue-3", "small"])
async def test_signs_of_work_are_the_newest_jobs_of_a_queue(
    archive: Connection, core: Core, store: RecordingStore, now: datetime, *, generic: bool, queue: str
) -> None:
    """How fast a queue is done is told by a hundred jobs of it, however many there are and of which days."""
    store.rows["find_signs"] = [{}]
    await _explain_waiting(core, ORG, {"id": 1, "queue": queue}, now)

    plan = plan_of(archive, store.of("find_signs"), generic=generic)

    assert plan.scanned_tables == set()
    assert plan.archive_rows <= 2 * SAMPLE
    assert plan.buffers <= 3 * A_PAGE


ALL_PAGES = 40_000
JOBS_OF_15_MINUTES = 5_000
SEARCHES: dict[str, JobFilter] = {
    "a word that is nowhere": JobFilter(q="nowhere"),
    "a type that is nowhere": JobFilter(job_type="nowhere"),
    "a tag that is nowhere": JobFilter(tag="nowhere"),
    "by priority": JobFilter(order_by="priority"),
    "by time to run": JobFilter(order_by="scheduled_at"),
    "by start": JobFilter(order_by="started_at"),
    "by retries": JobFilter(order_by="retry_count"),
}


@pytest.mark.parametrize("name", SEARCHES)
async def test_a_search_reads_its_organization_once(
    archive: Connection, core: Core, store: RecordingStore, now: datetime, *, generic: bool, name: str
) -> None:
    """What no index serves reads each job of the organization once; the statement timeout bounds it.

    An index for each would be paid by every job, for questions that are asked by hand and rarely: a second
    for a million jobs, and with a queue, a status or a range of time the part that these leave.
    """
    narrower = replace(SEARCHES[name], created_after=now - DAY / 24, statuses=("completed",))
    await list_jobs(core, ORG, SEARCHES[name], now)
    whole = store.of("list_jobs")
    await list_jobs(core, ORG, narrower, now)

    plan = plan_of(archive, whole, generic=generic)
    part = plan_of(archive, store.of("list_jobs"), generic=generic)

    assert plan.scanned_tables == part.scanned_tables == set()
    assert plan.buffers <= ALL_PAGES
    assert part.buffers <= ALL_PAGES // 20


Asking = Callable[[Core, datetime], Awaitable[Any]]
FIGURES: dict[str, tuple[Asking, dict[str, int]]] = {
    # Unfinished ones and those that ended badly, 100,000 each, counted in indexes.
    "job statistics": (lambda core, now: job_stats(core, ORG, now), {"job_stats": 6_000}),
    "job statistics of a key": (lambda core, now: job_stats(core, NARROW, now), {"job_stats": 6_000}),
    "dashboard": (
        lambda core, now: dashboard(core, ORG, now),
        {"job_stats": 6_000, "recent": 2_000, "queues": 3_000, "count_workers": 50},
    ),
    "queue statistics": (
        lambda core, now: queue_stats(core, ORG, "queue-0", now),
        {"find_queue": 10, "queue_stats": 3_000},
    ),
    "figures of two queues": (
        lambda core, now: figures_of(core, [(1, "queue-0"), (1, "queue-1")], now),
        {"figures_of_queues": 6_000},
    ),
    "queues": (lambda core, _: list_queues(core, ORG), {"list_queues": 10}),
    # The unfinished and the dead jobs of all organizations, in indexes, once in five seconds.
    "metrics": (read_gauges, {"gauges": 5_000, "due": 2_000}),
    # What was finished in the last minutes, of each organization in each day's part of the index by time.
    "finished jobs": (lambda core, _: count_finished(core, 0), {"count_finished": 5_000}),
    # Without a limit on jobs a day those of the day are counted in an index of ids: 300 to a page.
    "usage": (lambda core, now: usage_info(core, ORG.scope, 1, now), {"usage": 6_000}),
    "organizations": (
        lambda core, now: list_organizations(core, OrganizationFilter(), now),
        {"list_organizations": 8_000},
    ),
    # Up to 288 slots for each queue of the service that was in use: 46,000 here.
    "service statistics": (service_stats, {"organizations": 10, "jobs": 12_000, "count_all_workers": 50}),
    "dead letters": (
        lambda core, now: list_whole_jobs(core, ORG, JobFilter(statuses=("deadletter",)), now),
        {"list_jobs": A_PAGE},
    ),
    "a key's jobs": (lambda core, now: list_jobs(core, NARROW, JobFilter(), now), {"list_jobs": A_PAGE}),
    "counting": (lambda core, now: count_slots(core, now, 0), {"count_slots": 2_000}),
    "forgetting": (lambda core, now: forget_old_slots(core, now, 0), {"forget_old_slots": 50}),
}


@pytest.mark.parametrize("name", FIGURES)
async def test_figures_never_read_the_archive(
    archive: Connection, core: Core, store: RecordingStore, now: datetime, *, generic: bool, name: str
) -> None:
    """Each figure is counted in an index that has little else, or summed over slots."""
    asking, bounds = FIGURES[name]
    await asking(core, now)

    plans = {query: plan_of(archive, store.of(query), generic=generic) for query in bounds}

    assert [plan.scanned_tables for plan in plans.values()] == [set()] * len(plans)
    assert {query: plan.buffers for query, plan in plans.items() if plan.buffers > bounds[query]} == {}


async def test_a_long_pause_of_the_timer_is_counted_in_steps(
    archive: Connection, core: Core, store: RecordingStore, now: datetime, *, generic: bool
) -> None:
    """After twenty hours one statement counts a quarter of an hour: all might take longer than it may."""
    await count_slots(core, now, 0)
    paused = b"""
        DELETE FROM job_slot; UPDATE job_total_mark SET counted_until = slot_of(now() - interval '20 hours')
    """

    plan = plan_of(archive, store.of("count_slots"), generic=generic, meanwhile=paused)

    assert plan.archive_rows <= 4 * JOBS_OF_15_MINUTES


async def test_traces_of_what_is_delivered_are_probes(
    archive: Connection, core: Core, store: RecordingStore, *, generic: bool
) -> None:
    """The traces of a round of deliveries take a few index probes for each job, wherever that lies."""
    tables = ("job", "job_archive")
    half = [f"(SELECT org_id, id FROM {table} WHERE org_id = 1 ORDER BY id LIMIT 16)" for table in tables]
    found = archive.execute(" UNION ALL ".join(half).encode()).fetchall()
    deliveries = [
        {"id": place, "org_id": org_id, "job_id": ids.encode("job", job_id)}
        for place, (org_id, job_id) in enumerate(found)
    ]
    await traces_of(core, deliveries)

    plan = plan_of(archive, store.of("traces_of_jobs"), generic=generic)

    assert len(found) == 32
    assert plan.scanned_tables == set()
    assert plan.buffers <= 32 * 12
