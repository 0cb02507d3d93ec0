"""Hot statements read indexes, whatever stands in the tables, at first and once they are prepared."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import psycopg
import pytest

from shared import ids
from shared.core import Core
from shared.events.in_flight import Flight
from shared.events.wakeups import Wakeups
from shared.jobs.cancel import cancel_jobs, expire_jobs
from shared.jobs.claim import Claim, _claim_limited, _recover_and_claim, claim_due
from shared.jobs.dead import DeadFilter, purge_dead
from shared.jobs.figures import count_slots
from shared.jobs.flights import end_flights
from shared.jobs.leases import extend_leases, recover_all, recover_leases, release_jobs
from shared.jobs.listing import STATUSES, JobFilter, list_jobs
from shared.jobs.read import find_job, job_statuses
from shared.jobs.refusal import Hold
from shared.jobs.retry import retry_jobs
from shared.jobs.settle import Completion, Failure, complete_jobs, fail_jobs
from shared.jobs.stats import job_stats
from shared.metrics import exposition
from shared.settings import Settings
from shared.tenants.caller import Caller
from tests.support.plans import Plan, RecordingStore, plan_of
from tests.support.servers import Servers

ORG = Caller(org_id=1, key_id=1)
RUNNING = [70_000 + 20 * n for n in range(1, 11)]
DEAD = [150_002, 150_004]
ONE_PAGE_OF_READS = 200

if TYPE_CHECKING:
    from shared.store import Store

pytestmark = pytest.mark.parametrize("generic", [False, True], ids=["custom", "generic"])


@pytest.fixture(scope="module")
def crowd(servers: Servers, worker_id: str) -> Iterator[psycopg.Connection[Any]]:
    """A database of 200,000 jobs."""
    url = servers.new_database(f"plans_{worker_id}")
    with psycopg.connect(url, autocommit=True) as connection:
        with connection.transaction():
            connection.execute(Path(__file__).with_name("crowd.sql").read_bytes())
        connection.execute("VACUUM ANALYZE job, job_archive, queue")
        yield connection


@pytest.fixture
def store() -> RecordingStore:
    return RecordingStore()


@pytest.fixture
def core(store: RecordingStore) -> Core:
    settings = Settings(spooled_env="development")
    return Core(settings, cast("Store", store), Wakeups())


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


def assert_reads_indexes(plan: Plan, most_buffers: int) -> None:
    assert plan.scanned_tables == set()
    assert plan.buffers <= most_buffers


async def test_a_claim_behind_delayed_jobs_is_cheap(
    crowd: psycopg.Connection[Any], core: Core, store: RecordingStore, now: datetime, *, generic: bool
) -> None:
    """60,000 delayed jobs at ten higher priorities cost a claim of a due one a few index probes."""
    await claim_due(core, ORG, Claim("emails", "w1"), now)

    plan = plan_of(crowd, store.of("claim_jobs"), generic=generic)

    assert plan.rows == 1
    assert_reads_indexes(plan, ONE_PAGE_OF_READS)


async def test_a_claim_of_a_hundred_costs_a_few_reads_a_job(
    crowd: psycopg.Connection[Any], core: Core, store: RecordingStore, now: datetime, *, generic: bool
) -> None:
    """A batch pays for its own jobs and not for those that it leaves."""
    await claim_due(core, ORG, Claim("emails", "w1", 100), now)

    plan = plan_of(crowd, store.of("claim_jobs"), generic=generic)

    assert plan.rows == 100
    assert_reads_indexes(plan, 40 * 100)


async def test_a_claim_of_a_limited_queue_is_as_cheap(
    crowd: psycopg.Connection[Any], core: Core, store: RecordingStore, now: datetime, *, generic: bool
) -> None:
    """Concurrency and rate add a few reads to a claim, and bind it."""
    crowd.execute(
        "INSERT INTO organization (org_id, name, slug, plan_tier, created_at, updated_at)"
        " VALUES (1, 'Crowd', 'crowd', 'free', now(), now())"
    )
    crowd.execute(
        "INSERT INTO queue (org_id, name, concurrency, rate_limit, created_at, updated_at)"
        " VALUES (1, 'emails', 7, 3, now(), now())"
    )
    try:
        await _claim_limited(core, ORG, Claim("emails", "w1", 100), now)
        plan = plan_of(crowd, store.of("claim_jobs"), generic=generic)
        locked = plan_of(crowd, store.of("lock_limited_queue"), generic=generic)
    finally:
        crowd.execute("DELETE FROM organization")

    assert (plan.rows, locked.rows) == (3, 1)
    assert_reads_indexes(plan, ONE_PAGE_OF_READS)
    assert_reads_indexes(locked, 20)


@pytest.mark.parametrize("queue", ["emails", "queue-0", "unknown"])
async def test_the_next_look_is_cheap(
    crowd: psycopg.Connection[Any],
    core: Core,
    store: RecordingStore,
    now: datetime,
    *,
    generic: bool,
    queue: str,
) -> None:
    """When to look again is the first entry of an index, for each priority."""
    await _recover_and_claim(core, ORG, Claim(queue, "w1"), now)

    assert_reads_indexes(plan_of(crowd, store.of("next_look"), generic=generic), ONE_PAGE_OF_READS)


async def test_settling_touches_its_own_rows(
    crowd: psycopg.Connection[Any], core: Core, store: RecordingStore, now: datetime, *, generic: bool
) -> None:
    """Complete, fail, heartbeat and release of ten jobs find each by its key."""
    holds = [Hold(job_id) for job_id in RUNNING]
    await complete_jobs(core, ORG, "w1", [Completion(hold) for hold in holds], now)
    await fail_jobs(core, ORG, "w1", [Failure(hold, "x") for hold in holds], random.Random(1), now)
    await extend_leases(core, ORG, "w1", holds, 30, now)
    await release_jobs(core, ORG, "w1", holds, now, now)

    for name in ("complete_jobs", "fail_jobs", "extend_leases", "release_jobs", "states_of_jobs"):
        plan = plan_of(crowd, store.of(name), generic=generic)
        assert plan.rows > 0, name
        assert_reads_indexes(plan, 120 * len(holds))


async def test_recovery_finds_what_lapsed(
    crowd: psycopg.Connection[Any], core: Core, store: RecordingStore, now: datetime, *, generic: bool
) -> None:
    """The timer probes each queue that runs jobs once, and recovers a queue's lapsed leases by index."""
    store.rows["lock_lapsed"] = [{"id": job_id, "lease_id": job_id} for job_id in RUNNING]
    await recover_all(core, now, budget_seconds=1)
    await recover_leases(core, 1, "queue-0", now)

    found = plan_of(crowd, store.of("find_lapsed"), generic=generic)
    locked = plan_of(crowd, store.of("lock_lapsed"), generic=generic)
    failed = plan_of(crowd, store.of("fail_jobs"), generic=generic)

    assert found.rows > 0
    assert_reads_indexes(found, 10_000)
    assert locked.rows > 0
    assert_reads_indexes(locked, 2 * ONE_PAGE_OF_READS)
    assert_reads_indexes(failed, 120 * len(RUNNING))


@pytest.mark.parametrize("streams", [1, 1_000])
async def test_looking_after_what_is_in_flight_is_a_probe_for_each_job(
    crowd: psycopg.Connection[Any], core: Core, store: RecordingStore, *, generic: bool, streams: int
) -> None:
    """Which jobs streams still hold is asked once a second, of several organizations, some long settled."""
    leased = [(1 if n <= 80_000 else 2 + n % 100, n) for n in range(76_000, 150_000, 20) if n % 7 == 6]
    settled = [(1, job_id) for job_id in range(150_002, 151_002, 2)]
    for org_id, job_id in [*leased, *settled][:streams]:
        core.in_flight.begin(Flight(org_id, job_id, job_id, core.clock(), asyncio.Event()))
    await end_flights(core)

    plan = plan_of(crowd, store.of("still_held"), generic=generic)

    assert plan.rows == min(streams, len(leased))
    assert plan.rows_of("job") <= streams
    assert_reads_indexes(plan, 4 * streams)


async def test_reads_by_id_are_cheap(
    crowd: psycopg.Connection[Any], core: Core, store: RecordingStore, now: datetime, *, generic: bool
) -> None:
    """A job is found by its key, live or finished, and so are those to cancel, to retry and to expire."""
    await find_job(core, replace(ORG, queues=("emails",)), DEAD[0])
    await cancel_jobs(core, 1, [60_001, 60_002], "Cancelled", now)
    await retry_jobs(core, ORG, DEAD, now)
    await expire_jobs(core, now, limit=20)

    for name in ("find_job", "cancel_jobs", "retry_jobs", "find_expired"):
        plan = plan_of(crowd, store.of(name), generic=generic)
        assert plan.rows > 0, name
        assert_reads_indexes(plan, ONE_PAGE_OF_READS)


async def test_statistics_do_not_read_the_history(
    crowd: psycopg.Connection[Any], core: Core, store: RecordingStore, now: datetime, *, generic: bool
) -> None:
    """Counting reads unfinished jobs, the few that ended badly, and what the timer has not counted yet."""
    store.rows["job_stats"] = [dict.fromkeys(STATUSES, 0)]
    with crowd.transaction():
        crowd.execute("SET LOCAL ROLE spooled_system")
        crowd.execute(
            "INSERT INTO job_total_mark VALUES (1, now() + interval '1 minute') ON CONFLICT DO NOTHING"
        )
    await job_stats(core, ORG, now)
    await count_slots(core, now, 0)

    stats = plan_of(crowd, store.of("job_stats"), generic=generic)
    count = plan_of(crowd, store.of("count_slots"), generic=generic)

    assert stats.scanned_tables == count.scanned_tables == set()
    assert stats.archive_rows <= 200


async def test_metrics_do_not_read_the_history(
    crowd: psycopg.Connection[Any], core: Core, store: RecordingStore, now: datetime, *, generic: bool
) -> None:
    """The gauges of all organizations read the unfinished jobs and the index of the dead ones."""
    await exposition(core, now)

    plan = plan_of(crowd, store.of("gauges"), generic=generic)

    assert plan.scanned_tables == set()
    assert plan.archive_rows <= 200


async def test_dead_jobs_are_found_by_index(
    crowd: psycopg.Connection[Any], core: Core, store: RecordingStore, now: datetime, *, generic: bool
) -> None:
    """A hundred dead jobs, of all queues or of one, cost what they are, and so do statuses."""
    await job_statuses(core, ORG, [ids.encode("job", job_id) for job_id in (*DEAD, *RUNNING)], now)
    await purge_dead(core, ORG, DeadFilter(100))
    everywhere = store.of("find_dead")
    await purge_dead(core, ORG, DeadFilter(100, queue="emails"))

    for recorded in (everywhere, store.of("find_dead"), store.of("find_jobs")):
        plan = plan_of(crowd, recorded, generic=generic)
        assert plan.rows > 0
        assert_reads_indexes(plan, ONE_PAGE_OF_READS)


FILTERS = [
    JobFilter(),
    JobFilter(queue="emails"),
    JobFilter(statuses=("deadletter",)),
    JobFilter(statuses=("cancelled",)),
    JobFilter(statuses=("failed", "deadletter")),
    JobFilter(queue="emails", statuses=("deadletter",)),
    JobFilter(statuses=("completed",)),
    JobFilter(queue="emails", statuses=("pending",), limit=20),
    JobFilter(statuses=("processing",), limit=20),
]


@pytest.mark.parametrize("wanted", FILTERS, ids=str)
async def test_a_page_of_a_list_is_cheap(
    crowd: psycopg.Connection[Any],
    core: Core,
    store: RecordingStore,
    now: datetime,
    *,
    generic: bool,
    wanted: JobFilter,
) -> None:
    """A page costs what it shows, also of a rare status among many others."""
    await list_jobs(core, ORG, wanted, now)

    plan = plan_of(crowd, store.of("list_jobs"), generic=generic)

    assert plan.rows > 0
    assert_reads_indexes(plan, 1500)
