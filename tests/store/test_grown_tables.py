"""A plan that was made when the tables were empty is good when they have grown, and nobody analysed them."""

import random
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import psycopg
import pytest

from shared import ids
from shared.core import Core
from shared.events.wakeups import Wakeups
from shared.jobs.cancel import cancel_jobs
from shared.jobs.claim import Claim, claim_due
from shared.jobs.claiming import claiming_together
from shared.jobs.enqueue import NewJob, enqueue_jobs
from shared.jobs.explain import _explain_waiting
from shared.jobs.filtering import JobFilter
from shared.jobs.leases import extend_leases, release_jobs
from shared.jobs.listing import list_jobs
from shared.jobs.read import find_job
from shared.jobs.refusal import Hold
from shared.jobs.settle import Completion, Failure, complete_jobs, fail_jobs
from shared.queues.delete import delete_queue
from shared.schedules.fire import _fire, trigger_schedule
from shared.settings import Settings
from shared.tenants.caller import Caller
from shared.workflows.create import NewStep, NewWorkflow, create_workflow
from tests.support.plans import RecordingStore, plan_of
from tests.support.servers import Servers

if TYPE_CHECKING:
    from shared.store import Store

Act = Callable[[Core, datetime], Awaitable[Any]]
ORG = Caller(org_id=1, key_id=1)
HOLDS = [Hold(2 * n) for n in range(1, 6)]
PENDING = [1, 3, 5, 7, 9]
MOST_ROWS_IN_VAIN = 50
JOBS = b"""
    INSERT INTO job (org_id, id, queue, state, priority, run_at, attempts, max_retries, timeout_seconds,
                     payload, created_at, updated_at, started_at, lease_id, leased_until, worker_id)
    SELECT 1, n, 'emails', CASE WHEN n % 2 = 0 THEN 'processing' ELSE 'pending' END, 0,
           now() - interval '1 hour', 1, 3, 300, '{}', now(), now(), now(), CASE WHEN n % 2 = 0 THEN n END,
           CASE WHEN n % 2 = 0 THEN now() + interval '1 hour' END, CASE WHEN n % 2 = 0 THEN 'w1' END
    FROM generate_series(1, 6000) AS n;
    INSERT INTO queue (org_id, name, created_at, updated_at)
    SELECT 1, 'queue-' || n, now(), now() FROM generate_series(1, 3000) AS n;
    INSERT INTO idempotency_key (org_id, key, job_id, expires_at)
    SELECT 1, 'key-' || n, n, now() + interval '1 day' FROM generate_series(1, 3000) AS n;
    INSERT INTO schedule (org_id, id, name, cron_expression, timezone, queue, payload, priority, max_retries,
                          timeout_seconds, misfire_policy, misfire_limit, next_run_at, created_at, updated_at)
    SELECT 1, n, 'schedule', '* * * * *', 'UTC', 'queue-1', '{}', 0, 3, 300, 'last', 1,
           now() - interval '1 minute', now(), now()
    FROM generate_series(1, 3000) AS n
"""
FINISHED = b"""
    ; INSERT INTO job_archive (org_id, id, queue, state, priority, run_at, attempts, max_retries,
                               timeout_seconds, payload, created_at, updated_at, started_at, finished_at)
    SELECT 1, n, 'emails', CASE n % 2 WHEN 0 THEN 'deadletter' ELSE 'completed' END, 0, now(), 1, 3, 300,
           '{}', now(), now(), now(), now()
    FROM generate_series(6001, 12000) AS n
"""
# By the owner of the tables, in the middle of another role's transaction.
ANALYZED = b"""
    ; SELECT set_config('role', 'none', true)
    ; ANALYZE job, job_archive
    ; SELECT set_config('role', 'spooled_app', true)
"""
NEW_JOBS = [NewJob(f"queue-{n}", "{}", idempotency_key=f"key-{n}") for n in range(1, 6)]
WORKFLOW = NewWorkflow(
    "w", [NewStep(f"s{n}", NewJob("emails", "{}"), ("s0",) if n else ()) for n in range(5)]
)


def made(count: int) -> list[dict[str, Any]]:
    """The answer to so many new jobs."""
    job_ids = PENDING[:count]
    winners = {f"key-{n}": job_id for n, job_id in enumerate(job_ids, 1)}
    settings = {"max_retries": [3] * count, "timeouts": [300] * count}
    return [{"ids": job_ids, "winners": winners, "new_queues": 0} | settings]


SCHEDULE = {
    "id": 5,
    "queue": "queue-1",
    "payload": "{}",
    "priority": 0,
    "max_retries": 3,
    "timeout_seconds": 300,
}
ANSWERS: dict[str, dict[str, list[dict[str, Any]]]] = {
    "enqueue_jobs": {"enqueue_jobs": made(5)},
    "explain_job": {"find_signs": [{}]},
    "find_signs": {"find_signs": [{}]},
    "link_steps": {"enqueue_jobs": made(5), "link_steps": [{"id": 1}]},
    "record_runs": {
        "enqueue_jobs": made(1),
        "lock_to_trigger": [SCHEDULE | dict.fromkeys(("tags", "next_run_at", "last_error"))],
    },
}
"""What the store answers, where an act goes on with it."""

ACTS: dict[str, Act] = {
    "enqueue_jobs": lambda core, now: enqueue_jobs(core, ORG, NEW_JOBS, now),
    "link_steps": lambda core, now: create_workflow(core, ORG, WORKFLOW, now),
    "lock_due": lambda core, now: _fire(core, 1, PENDING, now),
    "record_runs": lambda core, now: trigger_schedule(core, ORG, ids.encode("sched", 5), now, None),
    "claim_jobs": lambda core, now: claim_due(core, ORG, Claim("emails", "w2", 5), now),
    "claim_jobs together": lambda core, now: core.store.fetch_each(
        ORG.scope,
        [claiming_together(core, ORG, [(Claim("emails", f"w{n}"), now) for n in range(5)]).statement],
    ),
    "complete_jobs": lambda core, now: complete_jobs(core, ORG, "w1", [Completion(h) for h in HOLDS], now),
    "fail_jobs": lambda core, now: fail_jobs(
        core, ORG, "w1", [Failure(hold, "x") for hold in HOLDS], random.Random(1), now
    ),
    "extend_leases": lambda core, now: extend_leases(core, ORG, "w1", HOLDS, 30, now),
    "cancel_jobs": lambda core, now: cancel_jobs(core, 1, PENDING, "Cancelled", now),
    "find_job": lambda core, _: find_job(core, ORG, 5),
    "explain_job": lambda core, now: _explain_waiting(core, ORG, {"id": 5, "queue": "emails"}, now),
    "find_signs": lambda core, now: _explain_waiting(core, ORG, {"id": 5, "queue": "emails"}, now),
    "release_jobs": lambda core, now: release_jobs(core, ORG, "w1", HOLDS, now, now),
}


@pytest.fixture(scope="module")
def empty(servers: Servers, worker_id: str) -> Iterator[psycopg.Connection[Any]]:
    """A new database, in which nobody analyses the jobs behind our back."""
    url = servers.new_database(f"grown_{worker_id}")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER TABLE job SET (autovacuum_enabled = off)")
        connection.execute(
            "INSERT INTO organization (org_id, name, slug, plan_tier, created_at, updated_at)"
            " VALUES (1, 'Grown', 'grown', 'free', now(), now())"
        )
        yield connection


@pytest.mark.parametrize("name", ACTS)
async def test_each_job_is_found_by_its_key(empty: psycopg.Connection[Any], name: str) -> None:
    """What is done to five jobs reads these, and not all that the organization has."""
    store = RecordingStore(ANSWERS.get(name, {}))
    core = Core(Settings(spooled_env="development"), cast("Store", store), Wakeups())
    await ACTS[name](core, datetime.now(UTC))

    plan = plan_of(empty, store.of(name.split(maxsplit=1)[0]), generic=True, meanwhile=JOBS)

    assert plan.rows > 0
    assert plan.rows_in_vain < MOST_ROWS_IN_VAIN
    assert plan.scanned_tables == set()


@pytest.mark.parametrize(
    "statuses", [None, ("pending",), ("scheduled",)], ids=["all", "pending", "scheduled"]
)
async def test_a_small_queue_is_listed_past_a_large_one(
    empty: psycopg.Connection[Any], statuses: tuple[str, ...] | None
) -> None:
    """Where nearly all jobs wait in one queue, a list of another one does not read them in vain."""
    store = RecordingStore()
    core = Core(Settings(spooled_env="development"), cast("Store", store), Wakeups())
    await list_jobs(core, ORG, JobFilter(queue="small", statuses=statuses), datetime.now(UTC))

    plan = plan_of(empty, store.of("list_jobs"), generic=True, meanwhile=JOBS + FINISHED + ANALYZED)

    assert plan.rows_in_vain < MOST_ROWS_IN_VAIN


@pytest.mark.parametrize("query", ["delete_unfinished", "delete_finished"])
async def test_a_small_queue_is_deleted_past_a_large_one(empty: psycopg.Connection[Any], query: str) -> None:
    """Where nearly all jobs are of one queue, deleting those of another one does not read them in vain."""
    store = RecordingStore(rows={"find_queue": [{"paused_at": None}], "delete_queue": [{}]})
    core = Core(Settings(spooled_env="development"), cast("Store", store), Wakeups())
    await delete_queue(core, ORG, "small", datetime.now(UTC), delete_jobs=True)

    plan = plan_of(empty, store.of(query), generic=True, meanwhile=JOBS + FINISHED + ANALYZED)

    assert plan.rows_in_vain < MOST_ROWS_IN_VAIN
