"""Hot statements read indexes, whatever stands in the tables, at first and once they are prepared."""

import asyncio
import random
from dataclasses import replace
from datetime import datetime
from typing import Any

import psycopg
import pytest

from shared import ids
from shared.core import Core
from shared.events.in_flight import Flight
from shared.jobs.cancel import cancel_jobs, expire_jobs
from shared.jobs.causes import fill_causes
from shared.jobs.claim import (
    Claim,
    _claim_limited,
    claim_due,
    recover_and_claim,
)
from shared.jobs.claiming import claiming_together
from shared.jobs.dead import DeadFilter, purge_dead
from shared.jobs.enqueue import NewJob, enqueue_jobs
from shared.jobs.explain import _explain_waiting
from shared.jobs.figures import count_slots
from shared.jobs.filtering import STATUSES
from shared.jobs.flights import end_flights
from shared.jobs.leases import extend_leases, recover_all, recover_leases, release_jobs
from shared.jobs.read import find_job, job_statuses
from shared.jobs.refusal import Hold
from shared.jobs.retry import retry_jobs
from shared.jobs.settle import Completion, Failure, complete_jobs, fail_jobs
from shared.jobs.stats import job_stats
from shared.metrics.gauges import read_gauges
from shared.workers.held import jobs_of_worker
from shared.workers.registry import WorkerNotFoundError
from tests.support.plans import CROWD as ORG
from tests.support.plans import ONE_PAGE_OF_READS, RecordingStore, assert_reads_indexes, plan_of

RUNNING = [70_000 + 20 * n for n in range(1, 11)]
DEAD = [150_002, 150_004]


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
        "INSERT INTO queue (org_id, name, concurrency, rate_limit, created_at, updated_at)"
        " VALUES (1, 'emails', 7, 3, now(), now())"
    )
    try:
        await _claim_limited(core, ORG, Claim("emails", "w1", 100), now)
        plan = plan_of(crowd, store.of("claim_jobs"), generic=generic)
        locked = plan_of(crowd, store.of("lock_limited_queue"), generic=generic)
    finally:
        crowd.execute("DELETE FROM queue")

    assert (plan.rows, locked.rows) == (3, 1)
    assert_reads_indexes(plan, ONE_PAGE_OF_READS)
    assert_reads_indexes(locked, 20)


async def test_claims_that_go_together_cost_no_more(
    crowd: psycopg.Connection[Any], core: Core, store: RecordingStore, now: datetime, *, generic: bool
) -> None:
    """Sixteen askers of one job each read what one asker of as many does."""
    askers = [(Claim("emails", f"w{number}", 1, number), now) for number in range(16)]
    await store.fetch_each(ORG.scope, [claiming_together(core, ORG, askers).statement])

    plan = plan_of(crowd, store.of("claim_jobs"), generic=generic)

    assert plan.rows == 16
    assert_reads_indexes(plan, 40 * 16)


@pytest.mark.parametrize(
    ("job_id", "before", "most_buffers"),
    [(60_001, 0, ONE_PAGE_OF_READS), (1, 10_000, 3_000), (60_002, 5_000, 1_500)],
    ids=["the first", "one behind all that is due", "one in between"],
)
async def test_explaining_a_job_counts_what_is_due_before_it(
    crowd: psycopg.Connection[Any],
    core: Core,
    store: RecordingStore,
    now: datetime,
    *,
    generic: bool,
    job_id: int,
    before: int,
    most_buffers: int,
) -> None:
    """60,000 delayed jobs of higher priorities cost a few probes; those that count are read once each."""
    store.rows["find_signs"] = [{}]
    await _explain_waiting(core, ORG, {"id": job_id, "queue": "emails"}, now)

    crowd.execute("UPDATE job SET priority = -50 WHERE org_id = 1 AND id = 1")
    try:
        plan = plan_of(crowd, store.of("explain_job"), generic=generic)
        signs = plan_of(crowd, store.of("find_signs"), generic=generic)
    finally:
        crowd.execute("UPDATE job SET priority = 51 WHERE org_id = 1 AND id = 1")

    assert plan.rows == signs.rows == 1
    assert_reads_indexes(plan, most_buffers)
    assert_reads_indexes(signs, 3 * ONE_PAGE_OF_READS)
    assert before * 0.9 <= plan.rows_of("job") <= before * 1.1 + 100


@pytest.mark.parametrize("size", [1, 1_000])
async def test_making_jobs_touches_their_own_rows(
    crowd: psycopg.Connection[Any],
    core: Core,
    store: RecordingStore,
    now: datetime,
    *,
    generic: bool,
    size: int,
) -> None:
    """A job costs its own index entries, with an idempotency key, a parent and a new queue too."""
    nothing = dict.fromkeys(("ids", "max_retries", "timeouts"), [None] * size)
    store.rows["enqueue_jobs"] = [nothing | {"winners": None, "new_queues": 0}]
    jobs = [
        NewJob(f"made-{n % 10}", "{}", idempotency_key=f"key-{n}", parent_job_id=RUNNING[0])
        for n in range(size)
    ]
    await enqueue_jobs(core, ORG, jobs, now)
    made = store.of("enqueue_jobs")
    plan_of(crowd, made, generic=generic)  # a connection reads the catalog when it calls a function first

    plan = plan_of(crowd, made, generic=generic)

    assert_reads_indexes(plan, 200 + 60 * size)


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
    await recover_and_claim(core, ORG, Claim(queue, "w1"), now)

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
    await read_gauges(core, now)

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

    await fill_causes(core, 0)

    recorded_ones = [store.of(name) for name in ("find_dead", "find_jobs", "without_cause")]
    for recorded in (everywhere, *recorded_ones):
        plan = plan_of(crowd, recorded, generic=generic)
        assert plan.rows > 0
        assert_reads_indexes(plan, ONE_PAGE_OF_READS)


async def test_what_a_worker_holds_is_found_among_what_runs(
    crowd: psycopg.Connection[Any], core: Core, store: RecordingStore, now: datetime, *, generic: bool
) -> None:
    """Jobs that wait, however many, are not looked at."""
    with pytest.raises(WorkerNotFoundError):  # the store gives no rows back
        await jobs_of_worker(core, ORG, "w1", now)

    plan = plan_of(crowd, store.of("jobs_of_worker"), generic=generic)

    assert plan.rows == 500
    assert_reads_indexes(plan, 8 * 500)
