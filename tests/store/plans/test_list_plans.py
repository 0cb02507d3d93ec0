"""A page of a list reads what it shows, whatever stands in the tables."""

from datetime import datetime
from typing import Any, cast

import psycopg
import pytest

from shared import ids
from shared.core import Core
from shared.jobs.acts.choosing import Choice
from shared.jobs.acts.kinds import KINDS
from shared.jobs.acts.request import ActRequest
from shared.jobs.filtering import JobFilter
from shared.jobs.listing import list_jobs
from shared.tenants.caller import Caller
from shared.workflows.read import list_workflows
from tests.support.plans import CROWD as ORG
from tests.support.plans import ONE_PAGE_OF_READS, RecordingStore, assert_reads_indexes, plan_of


@pytest.mark.parametrize("status", [None, "failed"])
async def test_a_page_of_workflows_goes_on_where_the_last_one_ended(
    crowd: psycopg.Connection[Any],
    core: Core,
    store: RecordingStore,
    status: str | None,
    *,
    generic: bool,
) -> None:
    """Behind five thousand others a page costs what it shows, and what it passes over."""
    await list_workflows(core, ORG, status, after=ids.encode("wf", 5_000), limit=50, offset=0)

    plan = plan_of(crowd, store.of("list_workflows"), generic=generic)

    assert plan.rows == 51
    assert_reads_indexes(plan, ONE_PAGE_OF_READS // 2)


@pytest.mark.parametrize(
    "wanted", [JobFilter(), JobFilter(queue="emails"), JobFilter(queue="queue-0")], ids=str
)
@pytest.mark.parametrize("act", KINDS)
@pytest.mark.usefixtures("cleaned")
async def test_a_chunk_of_an_act_reads_its_own_jobs(
    crowd: psycopg.Connection[Any],
    core: Core,
    now: datetime,
    *,
    generic: bool,
    act: str,
    wanted: JobFilter,
) -> None:
    """The next jobs are found where the last chunk ended, however many lie before."""
    store = cast("RecordingStore", core.store)
    request = ActRequest(act, wanted, {})
    following = Choice(ORG, request, 2**62, now).next_page(KINDS[act].chosen(request), 50_000, 100, now)
    await store.fetch_each(ORG.scope, [following])

    assert_reads_indexes(plan_of(crowd, store.of("page_of_act"), generic=generic), 6 * ONE_PAGE_OF_READS)


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


LARGE_JOBS = b"""
    INSERT INTO job (org_id, id, queue, state, priority, run_at, attempts, max_retries, timeout_seconds,
                     payload, created_at, updated_at)
    SELECT 1000, n, 'large', 'pending', n % 7, now(), 0, 3, 300, large.payload, now(), now()
    FROM generate_series(300001, 300500) AS n
    CROSS JOIN LATERAL (
        SELECT json_build_object('job_type', 'large', 'text', string_agg(md5(n + part / 1000.0 || ''), ''))
        FROM generate_series(1, 300) AS part
    ) AS large(payload);
    INSERT INTO job_archive (org_id, id, queue, state, priority, run_at, attempts, max_retries,
                             timeout_seconds, payload, created_at, updated_at, finished_at)
    SELECT org_id, id + 1000, queue, 'completed', priority, run_at, 0, 3, 300, payload, now(), now(), now()
    FROM job WHERE org_id = 1000
"""
PAGES_OF_LARGE_JOBS = 1000
"""Some of those of a hundred payloads; the thousand that there are take four or more each."""


@pytest.mark.parametrize("order", ["updated_at", "priority"])
async def test_a_list_in_an_order_without_an_index_reads_the_payloads_of_its_page_alone(
    crowd: psycopg.Connection[Any], core: Core, store: RecordingStore, now: datetime, order: str
) -> None:
    """What is shown of a payload is looked up for the jobs that are shown, after all were put in order."""
    await list_jobs(core, Caller(org_id=1000, key_id=1), JobFilter(order_by=order), now)

    plan = plan_of(crowd, store.of("list_jobs"), generic=True, meanwhile=LARGE_JOBS)

    assert plan.rows == 51
    assert plan.buffers < PAGES_OF_LARGE_JOBS
