"""Whoever claims in company gets what is his, whatever the others do, in one process or in several."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import ids
from shared.core import Core
from shared.edge.opening import open_core
from shared.jobs.claim import Claim
from shared.jobs.claim_wait import claim_jobs
from shared.jobs.enqueue import NewJob, enqueue_jobs
from shared.settings import Settings
from shared.tenants.caller import Caller
from shared.together import Together
from tests.support.api import Api
from tests.support.effort import examples

QUEUES = ("emails", "other")


@dataclass(frozen=True)
class Wish:
    """What one asker wants, and where; `goes_after`: turns of the loop after which it is gone."""

    queue: str
    limit: int
    lease: int | None
    process: int
    goes_after: int | None


wishes = st.builds(
    Wish,
    queue=st.sampled_from([*QUEUES, "emails"]),
    limit=st.sampled_from([1, 1, 1, 1, 3]),
    lease=st.none() | st.integers(5, 3600),
    process=st.integers(0, 1),
    goes_after=st.sampled_from([None, None, None, 0, 3, 30]),
)
new_jobs = st.builds(
    lambda *given, **more: NewJob(*given, **more),  # noqa: PLW0108 - builds fills all fields of a tuple
    st.sampled_from(QUEUES),
    st.just("{}"),
    priority=st.integers(-2, 2),
    timeout_seconds=st.integers(10, 20),
)


@pytest.fixture
async def second(settings: Settings) -> AsyncIterator[Core]:
    """Another process."""
    opened = await open_core(settings)
    yield opened
    await opened.close()


async def ask(core: Core, caller: Caller, number: int, wish: Wish) -> list[dict[str, Any]] | None:
    """The jobs that an asker has in the end; None for one that went before the answer."""
    claim = Claim(wish.queue, f"w{number}", wish.limit, wish.lease)
    asking = asyncio.ensure_future(claim_jobs(core, caller, claim))
    if wish.goes_after is not None:
        for _ in range(wish.goes_after):
            await asyncio.sleep(0)
        asking.cancel()
    await asyncio.wait([asking])
    return None if asking.cancelled() else asking.result()


@examples(12)
@given(
    new=st.lists(new_jobs, min_size=1, max_size=60),
    asked=st.lists(wishes, min_size=20, max_size=60),
    places=st.integers(1, 3),
)
async def test_no_job_is_doubled_or_lost(
    api: Api, core: Core, second: Core, new: list[NewJob], asked: list[Wish], places: int
) -> None:
    """Each job is in one pair of hands, for the time that these asked; the rest is untouched."""
    org = await api.new_tenant()
    caller = Caller(ids.decode("org", org.org_id), 1)
    processes = [replace(one, together=Together(at_once=places)) for one in (core, second)]
    made = await enqueue_jobs(core, caller, new, core.clock())
    timeouts = {ids.encode("job", one.job_id): one.timeout_seconds for one in made}

    asking = [ask(processes[wish.process], caller, number, wish) for number, wish in enumerate(asked)]
    answers = await asyncio.gather(*asking)

    held: Counter[str] = Counter()
    for number, (wish, jobs) in enumerate(zip(asked, answers, strict=True)):
        assert len(jobs or []) <= wish.limit
        for job in jobs or []:
            held[job["id"]] += 1
            assert (job["queue"], job["worker_id"]) == (wish.queue, f"w{number}")
            lease = timeouts[job["id"]] if wish.lease is None else wish.lease
            assert job["leased_until"] - job["started_at"] == timedelta(seconds=lease)
    assert set(held.values()) <= {1}
    for job_id in timeouts:
        job = await org.job(job_id)
        assert (job["status"], job["attempts"]) == (("processing", 1) if held[job_id] else ("pending", 0))


@examples(12)
@given(
    priorities=st.lists(st.integers(-3, 3), min_size=1, max_size=50),
    askers=st.integers(1, 60),
    delayed=st.lists(st.integers(-3, 3), max_size=10),
)
async def test_those_who_ask_together_fare_as_one_after_the_other(
    api: Api, core: Core, priorities: list[int], askers: int, delayed: list[int]
) -> None:
    """The first to ask has the highest priority's oldest job, and so on; who is left over has nothing."""
    org = await api.new_tenant()
    caller = Caller(ids.decode("org", org.org_id), 1)
    together = replace(core, together=Together(at_once=1, patience_seconds=60))
    now = core.clock()
    later = [NewJob("emails", "0", priority=p, run_at=now + timedelta(hours=1)) for p in delayed]
    new = [NewJob("emails", str(n), priority=p) for n, p in enumerate(priorities)]
    made = (await enqueue_jobs(core, caller, [*new, *later], now))[: len(new)]
    due = sorted(zip(priorities, made, strict=True), key=lambda one: (-one[0], one[1].job_id))

    calls = [claim_jobs(together, caller, Claim("emails", f"w{n}")) for n in range(askers)]
    taken = [[job["id"] for job in jobs] for jobs in await asyncio.gather(*calls)]

    in_order = [[ids.encode("job", one.job_id)] for _, one in due]
    assert taken == (in_order + [[]] * askers)[:askers]
