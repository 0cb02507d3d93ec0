"""A plan that was made when the tables were empty is good when they have grown, and nobody analysed them."""

import random
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import psycopg
import pytest

from shared.core import Core
from shared.events.wakeups import Wakeups
from shared.jobs.cancel import cancel_jobs
from shared.jobs.claim import Claim, claim_due
from shared.jobs.leases import extend_leases, release_jobs
from shared.jobs.read import find_job
from shared.jobs.refusal import Hold
from shared.jobs.settle import Completion, Failure, complete_jobs, fail_jobs
from shared.settings import Settings
from shared.tenants.caller import Caller
from tests.support.plans import RecordingStore, plan_of
from tests.support.servers import Servers

if TYPE_CHECKING:
    from shared.store import Store

Act = Callable[[Core, datetime], Awaitable[Any]]
ORG = Caller(org_id=1, key_id=1)
HOLDS = [Hold(2 * n) for n in range(1, 6)]
MOST_ROWS_IN_VAIN = 50
JOBS = b"""
    INSERT INTO job (org_id, id, queue, state, priority, run_at, attempts, max_retries, timeout_seconds,
                     payload, created_at, updated_at, started_at, lease_id, leased_until, worker_id)
    SELECT 1, n, 'emails', CASE WHEN n % 2 = 0 THEN 'processing' ELSE 'pending' END, 0,
           now() - interval '1 hour', 1, 3, 300, '{}', now(), now(), now(), CASE WHEN n % 2 = 0 THEN n END,
           CASE WHEN n % 2 = 0 THEN now() + interval '1 hour' END, CASE WHEN n % 2 = 0 THEN 'w1' END
    FROM generate_series(1, 6000) AS n
"""
ACTS: dict[str, Act] = {
    "claim_jobs": lambda core, now: claim_due(core, ORG, Claim("emails", "w2", 5), now),
    "complete_jobs": lambda core, now: complete_jobs(core, ORG, "w1", [Completion(h) for h in HOLDS], now),
    "fail_jobs": lambda core, now: fail_jobs(
        core, ORG, "w1", [Failure(hold, "x") for hold in HOLDS], random.Random(1), now
    ),
    "extend_leases": lambda core, now: extend_leases(core, ORG, "w1", HOLDS, 30, now),
    "cancel_jobs": lambda core, now: cancel_jobs(core, 1, [1, 3, 5, 7, 9], "Cancelled", now),
    "find_job": lambda core, _: find_job(core, ORG, 5),
    "release_jobs": lambda core, now: release_jobs(core, ORG, "w1", HOLDS, now, now),
}


@pytest.fixture(scope="module")
def empty(servers: Servers, worker_id: str) -> Iterator[psycopg.Connection[Any]]:
    """A new database, in which nobody analyses the jobs behind our back."""
    url = servers.new_database(f"grown_{worker_id}")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER TABLE job SET (autovacuum_enabled = off)")
        yield connection


@pytest.mark.parametrize("name", ACTS)
async def test_each_job_is_found_by_its_key(empty: psycopg.Connection[Any], name: str) -> None:
    """What is done to five jobs reads these, and not all that the organization has."""
    store = RecordingStore()
    core = Core(Settings(spooled_env="development"), cast("Store", store), Wakeups())
    await ACTS[name](core, datetime.now(UTC))

    plan = plan_of(empty, store.of(name), generic=True, meanwhile=JOBS)

    assert plan.rows > 0
    assert plan.rows_in_vain < MOST_ROWS_IN_VAIN
    assert plan.scanned_tables == set()
