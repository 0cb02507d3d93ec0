"""What runs for each job is planned once for each connection: planning it takes longer than running it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, combinations
from typing import Any

import pytest

from shared import ids
from shared.core import Core
from shared.events.wakeups import Wakeups
from shared.jobs.claim import Claim, claim_due
from shared.jobs.enqueue import NewJob, enqueue_jobs
from shared.jobs.refusal import Hold
from shared.jobs.settle import Completion, complete_jobs
from shared.limits.plans import PLANS
from shared.settings import Settings
from shared.store import SingleConnection, Store
from shared.tenants.caller import Caller
from tests.support.api import Tenant

RUNS = 12
UNLIMITED = PLANS["enterprise"]
LIMITED = replace(UNLIMITED, max_jobs_per_day=1_000_000, max_active_jobs=1_000_000)


@pytest.fixture
async def connections(settings: Settings) -> AsyncIterator[SingleConnection]:
    opened = SingleConnection(settings)
    yield opened
    await opened.close()


@pytest.mark.parametrize("limits", [UNLIMITED, LIMITED], ids=["unlimited", "limited"])
@pytest.mark.parametrize("size", [1, 20])
async def test_the_life_of_a_job_is_planned_once(
    settings: Settings, connections: SingleConnection, org: Tenant, limits: object, size: int
) -> None:
    """Made, claimed and completed, alone or as some of many: no statement is planned for its values."""
    core = Core(settings, Store(connections, statement_timeout_ms=30_000), Wakeups())
    caller = Caller(org_id=ids.decode("org", org.org_id), key_id=1, limits=limits)
    for _ in range(RUNS):
        now = datetime.now(UTC)
        await enqueue_jobs(core, caller, [NewJob("lives", "{}") for _ in range(size)], now)
        jobs = await claim_due(core, caller, Claim("lives", "w", size), datetime.now(UTC))
        holds = [Hold(ids.decode("job", job["id"]), ids.decode("lease", job["lease_id"])) for job in jobs]
        await complete_jobs(core, caller, "w", [Completion(hold) for hold in holds], datetime.now(UTC))

    async with connections.lease() as connection:
        cursor = await connection.execute(
            "SELECT statement, custom_plans, generic_plans FROM pg_prepared_statements"
            " WHERE statement LIKE '%job%'"
        )
        planned = await cursor.fetchall()

    assert len(planned) >= 3
    assert [row["statement"] for row in planned if row["custom_plans"] or not row["generic_plans"]] == []


async def test_a_statement_is_prepared_once_whatever_its_numbers(
    settings: Settings, connections: SingleConnection, org: Tenant
) -> None:
    """Small and large numbers of the same parameter are of one type."""
    core = Core(settings, Store(connections, statement_timeout_ms=30_000), Wakeups())
    caller = Caller(org_id=ids.decode("org", org.org_id), key_id=1, limits=UNLIMITED)
    for number in (1, 100, 86_400) * RUNS:
        job = NewJob("numbers", "{}", timeout_seconds=number, max_retries=min(number, 100))
        await enqueue_jobs(core, caller, [job], datetime.now(UTC))
        await claim_due(core, caller, Claim("numbers", "w", 1, lease_seconds=number), datetime.now(UTC))

    async with connections.lease() as connection:
        cursor = await connection.execute(
            "SELECT left(statement, 40) AS statement, count(*) AS forms FROM pg_prepared_statements"
            " WHERE statement LIKE '%job%' GROUP BY statement"
        )
        prepared = await cursor.fetchall()

    assert len(prepared) > 1
    assert {row["forms"] for row in prepared} == {1}, prepared


async def test_what_is_left_out_makes_no_other_statement(
    settings: Settings, connections: SingleConnection, org: Tenant
) -> None:
    """Whichever of its fields jobs have, there is a form for each field at most and not for each choice."""
    core = Core(settings, Store(connections, statement_timeout_ms=30_000), Wakeups())
    caller = Caller(org_id=ids.decode("org", org.org_id), key_id=1, limits=UNLIMITED)
    later = datetime.now(UTC) + timedelta(hours=1)
    fields: dict[str, Any] = {"max_retries": 1, "timeout_seconds": 5, "run_at": later, "tags": "[]"}
    choices = chain.from_iterable(combinations(fields, size) for size in range(len(fields) + 1))
    for choice in choices:
        job = NewJob("choices", "{}", **{name: fields[name] for name in choice})
        await enqueue_jobs(core, caller, [job], datetime.now(UTC))

    async with connections.lease() as connection:
        cursor = await connection.execute(
            "SELECT count(*) AS forms FROM pg_prepared_statements WHERE statement LIKE '%INSERT INTO job (%'"
        )
        [prepared] = await cursor.fetchall()

    assert 1 <= prepared["forms"] <= 1 + len(fields)
