"""Workflows of one status are found among the many that are completed."""

from typing import Any

import psycopg
import pytest

from shared.core import Core
from shared.workflows.read import list_workflows
from tests.support.plans import CROWD as ORG
from tests.support.plans import ONE_PAGE_OF_READS, RecordingStore, assert_reads_indexes, plan_of


@pytest.mark.parametrize(("status", "found"), [("running", 3), ("failed", 51), ("cancelled", 0)])
async def test_workflows_of_a_rare_status_are_found_past_all_others(
    crowd: psycopg.Connection[Any],
    core: Core,
    store: RecordingStore,
    status: str,
    found: int,
    *,
    generic: bool,
) -> None:
    """The first page of a status that few or no workflows have reads no others."""
    await list_workflows(core, ORG, status, after=None, limit=50, offset=0)

    plan = plan_of(crowd, store.of("list_workflows"), generic=generic)

    assert plan.rows == found
    assert plan.rows_in_vain == 0
    assert_reads_indexes(plan, ONE_PAGE_OF_READS // 2)
