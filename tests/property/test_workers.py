"""Sixteen workers, some of them slow, failing or dying, over one queue."""

import asyncio
import itertools
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from shared import ids
from shared.core import Core
from shared.jobs.claim import Claim
from shared.jobs.claim_wait import claim_jobs
from shared.jobs.enqueue import NewJob, enqueue_jobs
from shared.jobs.refusal import Hold
from shared.jobs.settle import Completion, Failure, complete_jobs, fail_jobs
from shared.marks import Marks
from shared.tenants.caller import Caller
from tests.support.api import Tenant
from tests.support.clock import MovingClock

JOBS = 2_000
WORKERS = 16
LEASE_SECONDS = 5


@dataclass
class Lease:
    """One claim of a job, and when it ended."""

    job_id: str
    start: datetime
    end: datetime


@dataclass
class Floor:
    """What all workers saw."""

    core: Core
    caller: Caller
    clock: MovingClock
    chance: random.Random = field(default_factory=lambda: random.Random(20260101))
    leases: dict[str, Lease] = field(default_factory=dict)
    completed: Counter[int] = field(default_factory=Counter)

    async def work(self, worker_id: str) -> None:
        while len(self.completed) < JOBS:
            claim = Claim("emails", worker_id, self.chance.randint(1, 20), LEASE_SECONDS)
            jobs = await claim_jobs(self.core, self.caller, claim)
            for job in jobs:
                assert job["lease_id"] not in self.leases
                lease = Lease(job["id"], job["started_at"], job["leased_until"])
                self.leases[job["lease_id"]] = lease
            if not jobs:
                self.clock.advance(seconds=1)
            elif self.chance.random() < 0.05:
                continue  # the worker died
            elif self.chance.random() < 0.05:
                self.clock.advance(seconds=LEASE_SECONDS + 1)  # the worker was too slow
            await self.settle(worker_id, jobs)

    async def settle(self, worker_id: str, jobs: list[dict[str, Any]]) -> None:
        failing = [job for job in jobs if self.chance.random() < 0.1]
        done = [job for job in jobs if job not in failing]
        now = self.clock()
        completions = [Completion(hold_of(job)) for job in done]
        failures = [Failure(hold_of(job), "broken") for job in failing]
        outcomes = await complete_jobs(self.core, self.caller, worker_id, completions, now)
        self.completed.update(outcome.job_id for outcome in outcomes if outcome.refused is None)
        outcomes += await fail_jobs(self.core, self.caller, worker_id, failures, self.chance, now)
        for job, outcome in zip(done + failing, outcomes, strict=True):
            if outcome.refused is None:
                self.leases[job["lease_id"]].end = now


def hold_of(job: dict[str, Any]) -> Hold:
    return Hold(ids.decode("job", job["id"]), ids.decode("lease", job["lease_id"]))


# A busy machine keeps snapshots long enough for the usual number.
@pytest.mark.parametrize("slow_at", [1_000_000, 0], ids=["strict", "at marks"])
async def test_each_job_is_completed_once_whatever_its_workers_do(
    org: Tenant, core: Core, clock: MovingClock, slow_at: int
) -> None:
    """No job is lost, none is completed twice, and no two live leases on one job overlap."""
    core.wakeups.marks = Marks(slow_at=slow_at)
    caller = Caller(org_id=ids.decode("org", org.org_id), key_id=1)
    floor = Floor(core, caller, clock)
    new_jobs = [NewJob("emails", "{}", max_retries=100) for _ in range(JOBS)]
    made = await enqueue_jobs(core, caller, new_jobs, clock())

    async with asyncio.TaskGroup() as workers:
        for n in range(WORKERS):
            workers.create_task(floor.work(f"w{n}"))

    assert (core.tally.claims_from_marks > 0) == (slow_at == 0)
    assert set(floor.completed) == {job.job_id for job in made}
    assert set(floor.completed.values()) == {1}
    by_job: defaultdict[str, list[Lease]] = defaultdict(list)
    for lease in floor.leases.values():
        by_job[lease.job_id].append(lease)
    for leases in by_job.values():
        leases.sort(key=lambda lease: lease.start)
        for earlier, later in itertools.pairwise(leases):
            assert earlier.end <= later.start
    assert sum(len(leases) > 1 for leases in by_job.values()) > JOBS // 20
