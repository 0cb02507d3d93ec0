"""Whoever settles a job in company gets what it would get by itself, whatever the others do."""

import asyncio
import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

import orjson
from hypothesis import given
from hypothesis import strategies as st

from shared import ids
from shared.core import Core
from shared.errors import SpooledError
from shared.jobs.claim import Claim, claim_due
from shared.jobs.enqueue import NewJob, enqueue_jobs
from shared.jobs.refusal import Hold
from shared.jobs.settle import Completion, Failure
from shared.jobs.settle_one import complete_job, fail_job
from shared.tenants.caller import Caller
from shared.together import Together
from tests.support.api import Api
from tests.support.effort import examples

JOBS = 24
QUEUES = ("emails", "secret")
WORKERS = ("w1", "w2")
LEASE_SECONDS = 60
UNREADABLE = "{"
SHOWN = ("queue", "state", "attempts", "max_retries", "last_error", "worker_id", "priority", "finished_at")


@dataclass(frozen=True)
class Wish:
    """What somebody says of a job: even ones are completed, odd ones fail; of each four two by a narrow key.

    So all that is said of a job is of one kind, and has an order.
    """

    job: int
    worker: str | None
    lease: Literal["none", "right", "stale"]
    later: int
    result: str | None
    no_retry: bool


wishes = st.builds(
    Wish,
    job=st.integers(0, JOBS + 1),
    worker=st.sampled_from([None, None, *WORKERS, "w3"]),
    lease=st.sampled_from(["none", "right", "right", "right", "stale"]),
    later=st.sampled_from([0, 0, 0, LEASE_SECONDS + 1]),
    result=st.sampled_from([None, "1", '{"a": 1.50}', UNREADABLE]),
    no_retry=st.booleans(),
)


@dataclass
class Place:
    """An organization, its jobs in the hands of two workers: some are pending, some were settled before."""

    caller: Caller
    jobs: list[Hold]
    now: datetime

    @classmethod
    async def new(cls, api: Api, core: Core) -> "Place":
        org, now = await api.new_tenant(), core.clock()
        caller = Caller(ids.decode("org", org.org_id), 1)
        new = [NewJob(QUEUES[n % 3 == 0], str(n), max_retries=n % 2) for n in range(JOBS)]
        made = await enqueue_jobs(core, caller, new, now)
        leases: dict[int, int] = {}
        for queue in QUEUES:
            for turn in range(JOBS // 3):
                claim = Claim(queue, WORKERS[turn % 2], 1, LEASE_SECONDS)
                for job in await claim_due(core, caller, claim, now):
                    leases[ids.decode("job", job["id"])] = ids.decode("lease", job["lease_id"])
        place = cls(caller, [Hold(job.job_id, leases.get(job.job_id)) for job in made], now)
        place.jobs += [Hold(5, 5), Hold(ids.UNKNOWN)]
        await complete_job(core, caller, None, Completion(place.jobs[0]), now)
        return place

    async def grant(self, core: Core, wish: Wish) -> Any:
        """What came of it, without what differs between two organizations."""
        hold = self.jobs[wish.job]
        lease = {"none": None, "right": hold.lease_id, "stale": 7}[wish.lease]
        hold, at = hold._replace(lease_id=lease), self.now + timedelta(seconds=wish.later)
        caller = replace(self.caller, queues=QUEUES[:1] if wish.job % 4 < 2 else None)
        try:
            if wish.job % 2:
                failure = Failure(hold, f"broken {wish.result}", no_retry=wish.no_retry)
                outcome = await fail_job(core, caller, wish.worker, failure, random.Random(1), at)
            else:
                completion = Completion(hold, wish.result)
                outcome = await complete_job(core, caller, wish.worker, completion, at)
            row = outcome.row_or_raise()
        except SpooledError as error:
            return type(error), error.body()
        shown = {name: row[name] for name in SHOWN} | {"finished_at": row["finished_at"] is not None}
        return shown | {name: orjson.dumps(row[name]) for name in ("payload", "result")}


@examples(8)
@given(asked=st.lists(wishes, min_size=50, max_size=50), are_readable=st.booleans())
async def test_fifty_at_once_fare_as_one_by_one(
    api: Api, core: Core, asked: list[Wish], *, are_readable: bool
) -> None:
    """Leases, workers, times and results are each request's own, whether one of them spoils the statement.

    Of several that settle one job the first has it; where the statement is spoilt anybody may be the first.
    """
    if are_readable:
        asked = [replace(wish, result="2") if wish.result == UNREADABLE else wish for wish in asked]
    else:
        asked = list({wish.job: wish for wish in asked}.values())
    crowded, lonely = [await Place.new(api, core) for _ in range(2)]
    together = replace(core, together=Together(at_once=1, patience_seconds=60))

    at_once = await asyncio.gather(*[crowded.grant(together, wish) for wish in asked])
    one_by_one = [await lonely.grant(core, wish) for wish in asked]

    assert at_once == one_by_one
