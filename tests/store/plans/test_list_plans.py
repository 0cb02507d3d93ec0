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
