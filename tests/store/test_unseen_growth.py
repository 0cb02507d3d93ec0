"""Plans of a table that grew before PostgreSQL took statistics of it, as after every quiet hour."""

import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import psycopg
import pytest

from shared import ids
from shared.core import Core
from shared.edge.opening import open_core
from shared.jobs.claim import Claim, claim_due
from shared.jobs.enqueue import NewJob, enqueue_jobs
from shared.jobs.refusal import Hold
from shared.jobs.settle import Completion, completing
from shared.settings import Settings
from shared.tenants.caller import Caller
from tests.support.plans import Recorded, plan_of
from tests.support.servers import Servers

ORG = Caller(org_id=1, key_id=1)
QUEUES, IN_EACH = 1_000, 20
PAGES_A_JOB = 6


@pytest.fixture
def sql(servers: Servers) -> Iterator[psycopg.Connection[Any]]:
    """A new database, in which nobody takes statistics."""
    url = servers.new_database(f"unseen_{uuid.uuid4().hex}")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO organization (org_id, name, slug, plan_tier, created_at, updated_at)"
            " VALUES (1, 'Unseen', 'unseen', 'enterprise', now(), now())"
        )
        connection.execute("ALTER TABLE job SET (autovacuum_enabled = off)")
        yield connection


@pytest.fixture
async def core(settings: Settings, sql: psycopg.Connection[Any]) -> AsyncIterator[Core]:
    url = psycopg.conninfo.make_conninfo(settings.database_url, dbname=sql.info.dbname)
    opened = await open_core(settings.model_copy(update={"database_url": url, "redis_url": "none"}))
    yield opened
    await opened.close()


async def test_a_settle_finds_jobs_by_their_ids(sql: psycopg.Connection[Any], core: Core) -> None:
    """It looks at the pages of its jobs, not at all entries of an organization whose queues are full."""
    for _ in range(IN_EACH):
        new = [NewJob(f"queue-{number}", "{}") for number in range(QUEUES)]
        await enqueue_jobs(core, ORG, new, core.clock())
    jobs = [
        job
        for number in range(0, QUEUES, 100)
        for job in await claim_due(core, ORG, Claim(f"queue-{number}", "w"), core.clock())
    ]
    done = [
        Completion(Hold(ids.decode("job", job["id"]), ids.decode("lease", job["lease_id"]))) for job in jobs
    ]

    statement = completing(ORG, "w", done, core.clock()).statement
    plan = plan_of(sql, Recorded(ORG.scope, statement, hot=True), generic=True)

    assert plan.rows == len(jobs) == 10
    assert plan.buffers_of("job") < PAGES_A_JOB * len(jobs)
