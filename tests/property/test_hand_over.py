"""Pushes and those who wait, in two processes, some of whom go: no job is lost, and none has two holders."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import ids
from shared.core import Core
from shared.edge.opening import open_core
from shared.jobs.claim import Claim
from shared.jobs.claim_wait import claim_jobs
from shared.jobs.enqueue import NewJob
from shared.jobs.enqueue_one import enqueue_job
from shared.settings import Settings
from shared.tenants.caller import Caller
from tests.support.api import Api
from tests.support.effort import examples

SOON = 15
Jobs = list[dict[str, Any]]


@dataclass(frozen=True)
class Act:
    """A push, or one who waits; `goes_after`: turns of the loop after which whoever did it is gone."""

    is_push: bool
    process: int
    priority: int
    limit: int
    pause: int
    goes_after: int | None


acts = st.builds(
    Act,
    is_push=st.booleans(),
    process=st.integers(0, 1),
    priority=st.integers(-1, 1),
    limit=st.sampled_from([1, 1, 1, 3]),
    pause=st.sampled_from([0, 0, 1, 5, 40]),
    goes_after=st.sampled_from([None, None, None, 0, 2, 5, 10, 20, 40]),
)


@pytest.fixture
async def second(settings: Settings) -> AsyncIterator[Core]:
    """Another process."""
    opened = await open_core(settings)
    yield opened
    await opened.close()


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def went(task: "asyncio.Task[Any]", goes_after: int | None) -> None:
    """It goes then, if it does."""
    if goes_after is not None:
        await turns(goes_after)
        task.cancel()
    await asyncio.wait([task])


@examples(12)
@given(plan=st.lists(acts, min_size=10, max_size=60))
async def test_each_job_has_one_holder_or_none(api: Api, core: Core, second: Core, plan: list[Act]) -> None:
    """What was acknowledged exists; what one who went had is back in its place, at its first attempt."""
    org = await api.new_tenant()
    caller = Caller(ids.decode("org", org.org_id), 1)
    processes = core, second
    waiting: dict[asyncio.Task[Jobs], Act] = {}
    pushing: list[asyncio.Task[dict[str, Any]]] = []
    leaving = []
    for number, act in enumerate(plan):
        process = processes[act.process]
        task: asyncio.Task[Any]
        if act.is_push:
            new = NewJob("emails", "{}", priority=act.priority)
            task = asyncio.create_task(enqueue_job(process, caller, new, process.clock()))
            pushing.append(task)
        else:
            claim = Claim("emails", f"w{number}", act.limit, 60, wait_seconds=None)
            task = asyncio.create_task(claim_jobs(process, caller, claim))
            waiting[task] = act
        leaving.append(asyncio.create_task(went(task, act.goes_after)))
        await turns(act.pause)
    await asyncio.wait(pushing or [asyncio.create_task(turns(1))])
    acknowledged = {task.result()["id"] for task in pushing if not task.cancelled()}

    found = await settled(org, waiting)

    held: Counter[str] = Counter()
    for task, act in waiting.items():
        jobs = [] if task.cancelled() else task.result()
        assert len(jobs) <= act.limit
        held.update(job["id"] for job in jobs)
    assert set(held.values()) <= {1}
    assert acknowledged <= found.keys()
    for job_id, job in found.items():
        assert (job["status"], job["attempts"]) == (("processing", 1) if held[job_id] else ("pending", 0))
    for task in leaving:
        await task


async def settled(org: Any, waiting: dict["asyncio.Task[Jobs]", Act]) -> dict[str, Any]:
    """All jobs, once none of them is pending while somebody waits; who waits then is sent away."""
    async with asyncio.timeout(SOON):
        while True:
            pending = await org.get("/jobs", {"status": "pending"})
            if not pending or all(task.done() for task in waiting):
                break
            await asyncio.sleep(0.01)
    for task in waiting:
        task.cancel()
    if waiting:
        await asyncio.wait(waiting)
    jobs = await org.get("/jobs", {"limit": 100})
    return {job["id"]: await org.job(job["id"]) for job in jobs}
