"""An old snapshot that is really held: what a claim reads grows without marks, and not with them."""

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
import pytest

from shared import ids
from shared.core import Core
from shared.edge.opening import open_core
from shared.jobs.claim import Claim, claim_due, recover_and_claim
from shared.jobs.claiming import (
    CLAIM,
    CLAIM_MARKED,
    CLAIM_TOGETHER,
    CLAIM_TOGETHER_MARKED,
    NEXT_LOOK_COUNTED,
    NEXT_LOOK_MARKED,
    claiming,
    claiming_together,
)
from shared.jobs.enqueue import NewJob, enqueue_jobs
from shared.jobs.refusal import Hold
from shared.jobs.settle import Completion, complete_jobs
from shared.marks import SLOW_AT, begin
from shared.settings import Settings
from shared.store import Query, Statement
from shared.tenants.caller import Caller
from tests.support.clock import MovingClock
from tests.support.plans import Plan, Recorded, plan_of
from tests.support.servers import Servers

ORG = Caller(org_id=1, key_id=1)
BATCH = 500
ROUNDS = 8
PRIORITIES = (0, 5)
FLAT = 80
"""Pages that a claim of one job may look at, also in a table of some size."""


@pytest.fixture
def sql(servers: Servers) -> Iterator[psycopg.Connection[Any]]:
    """A new database, in which nobody cleans up behind our back."""
    url = servers.new_database(f"snapshot_{uuid.uuid4().hex}")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO organization (org_id, name, slug, plan_tier, created_at, updated_at)"
            " VALUES (1, 'Slow', 'slow', 'enterprise', now(), now())"
        )
        connection.execute("ALTER TABLE job SET (autovacuum_enabled = off)")
        yield connection


@pytest.fixture
async def process(
    settings: Settings, sql: psycopg.Connection[Any], clock: MovingClock
) -> AsyncIterator[Core]:
    """A process over that database."""
    url = psycopg.conninfo.make_conninfo(settings.database_url, dbname=sql.info.dbname)
    opened = await open_core(settings.model_copy(update={"database_url": url, "redis_url": "none"}), clock)
    yield opened
    await opened.close()


@contextmanager
def old_snapshot(sql: psycopg.Connection[Any]) -> Iterator[None]:
    """What is removed within stays in the way until it ends, as a dump would see it."""
    with psycopg.connect(sql.info.dsn, password=sql.info.password) as holder:
        holder.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        holder.execute("SELECT count(*) FROM job")
        yield


async def work_off(core: Core, jobs: int) -> list[str]:
    """Jobs are made, taken and completed; their ids, as they were taken."""
    taken: list[str] = []
    for _ in range(jobs // BATCH):
        now = core.clock()
        new = [NewJob("emails", "{}", priority=PRIORITIES[n % 2]) for n in range(BATCH)]
        await enqueue_jobs(core, ORG, new, now)
        while batch := await claim_due(core, ORG, Claim("emails", "w", 100), core.clock()):
            done = [Completion(Hold(ids.decode("job", job["id"]))) for job in batch]
            await complete_jobs(core, ORG, "w", done, core.clock())
            taken += [job["id"] for job in batch]
    return taken


async def leave(core: Core, jobs: int) -> None:
    """Jobs that wait."""
    await enqueue_jobs(core, ORG, [NewJob("emails", "{}")] * jobs, core.clock())


def plan(sql: psycopg.Connection[Any], query: Query, parameters: dict[str, Any]) -> Plan:
    return plan_of(sql, Recorded(ORG.scope, Statement(query, parameters), hot=True), generic=True)


def buffers(sql: psycopg.Connection[Any], core: Core, now: datetime) -> dict[str, int]:
    """Pages that each way of a claim, and of a look ahead, looks at."""
    marks = begin(core.marks.of(1, "emails").starts(), now)
    one = claiming(core, ORG, Claim("emails", "w"), now).statement.parameters
    some = claiming_together(core, ORG, [(Claim("emails", "w"), now)] * 2).statement.parameters
    look = {"org_id": 1, "queue": "emails", "now": now, "is_slow": True, "sees_leases": False}
    asked = {
        "claim": (CLAIM, CLAIM_MARKED, one),
        "together": (CLAIM_TOGETHER, CLAIM_TOGETHER_MARKED, some),
        "look": (NEXT_LOOK_COUNTED, NEXT_LOOK_MARKED, look),
    }
    read: dict[str, int] = {}
    for name, (strict, marked, parameters) in asked.items():
        read[f"{name} at the front"] = plan(sql, strict, parameters).buffers
        read[f"{name} at the marks"] = plan(sql, marked, parameters | marks).buffers
    return read


async def test_claims_stay_as_cheap_as_they_were(
    sql: psycopg.Connection[Any], process: Core, clock: MovingClock
) -> None:
    """While the snapshot is held, what lies at the front grows; who begins at the marks does not see it."""
    await work_off(process, BATCH)
    read: list[dict[str, int]] = []
    with old_snapshot(sql):
        for _ in range(ROUNDS):
            await work_off(process, 4 * BATCH)
            clock.advance(seconds=1)
            await leave(process, 5)
            await claim_due(process, ORG, Claim("emails", "w"), clock())
            read.append(buffers(sql, process, clock()))
            await claim_due(process, ORG, Claim("emails", "w", 100), clock())

    for name in ("claim", "together", "look"):
        front = [found[f"{name} at the front"] for found in read]
        marked = [found[f"{name} at the marks"] for found in read]
        assert front == sorted(front)
        assert front[-1] > 4 * front[0] > 4 * FLAT
        assert max(marked) < FLAT


async def test_marks_are_used_while_it_is_slow_and_no_longer(
    sql: psycopg.Connection[Any], process: Core, clock: MovingClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The process sees it in what it walks over; when the snapshot is gone, claims are strict again."""
    caplog.set_level("INFO")
    marks = process.marks.of(1, "emails")
    before = await work_off(process, 2 * BATCH)
    assert not marks.is_slow
    with old_snapshot(sql):
        meanwhile = await work_off(process, 4 * SLOW_AT)
        clock.advance(seconds=1)
        await work_off(process, BATCH)
        assert marks.are_known
        assert process.tally.claims_from_marks > 0
    sql.execute("VACUUM job")
    clock.advance(seconds=1)

    await leave(process, 2)
    await claim_due(process, ORG, Claim("emails", "w"), clock())

    assert not marks.is_slow
    said = [record.getMessage() for record in caplog.records if record.name == "spooled.jobs"]
    assert [words.rpartition("queue emails of org_")[0] for words in said] == ["claims of ", "claims of "]
    assert said[-1].endswith("are strict again")
    for taken in (before, meanwhile):
        assert len(set(taken)) == len(taken)


async def test_an_empty_queue_is_seen_to_be_slow(
    sql: psycopg.Connection[Any], process: Core, clock: MovingClock
) -> None:
    """Who only finds nothing has no row to count by, and looks ahead at all that was taken."""
    with old_snapshot(sql):
        await work_off(process, 4 * SLOW_AT)
        process.wakeups.marks = type(process.marks)()
        for _ in range(3):
            clock.advance(seconds=1)
            assert await claim_due(process, ORG, Claim("emails", "w"), clock()) == []
            jobs, ahead = await recover_and_claim(process, ORG, Claim("emails", "w"), clock())
            assert jobs == []

        assert process.marks.of(1, "emails").are_known
        assert ahead is not None
        assert 0 < (ahead - clock()).total_seconds() <= 1
