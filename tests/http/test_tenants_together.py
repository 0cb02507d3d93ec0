"""Requests of two organizations that wait at the same moment share nothing, whatever they have in common."""

import asyncio
from typing import Any

import pytest

from shared import ids
from shared.chance import CHANCE
from shared.core import Core
from shared.jobs.claim import Claim
from shared.jobs.claim_wait import claim_jobs
from shared.jobs.enqueue import NewJob
from shared.jobs.enqueue_one import enqueue_job
from shared.jobs.refusal import Hold
from shared.jobs.settle import Completion, Failure
from shared.jobs.settle_one import complete_job, fail_job
from shared.tenants.caller import Caller
from tests.support.api import Tenant

EACH = 6


@pytest.fixture
def callers(org: Tenant, other_org: Tenant) -> list[Caller]:
    """Who is asked for in turn: keys of the same number, of two organizations."""
    return [Caller(org_id=ids.decode("org", one.org_id), key_id=1) for one in (org, other_org)] * EACH


async def makes(core: Core, callers: list[Caller]) -> list[dict[str, Any]]:
    """A job of each caller, made at the same moment."""
    new = [NewJob("emails", str(number)) for number in range(len(callers))]
    calls = [enqueue_job(core, caller, job, core.clock()) for caller, job in zip(callers, new, strict=True)]
    return list(await asyncio.gather(*calls))


async def takes(core: Core, callers: list[Caller]) -> list[dict[str, Any]]:
    """A job for each caller, claimed at the same moment."""
    taken = await asyncio.gather(*[claim_jobs(core, caller, Claim("emails", "w")) for caller in callers])
    return [job for (job,) in taken]


async def test_each_makes_its_own_jobs(
    one_place: Core, callers: list[Caller], org: Tenant, other_org: Tenant
) -> None:
    """Each job is its caller's, and the other organization sees nothing of it."""
    made = await makes(one_place, callers)

    for number, one in enumerate((org, other_org)):
        mine = made[number::2]
        assert {job["organization_id"] for job in mine} == {one.org_id}
        assert {job["id"] for job in await one.get("/jobs")} == {job["id"] for job in mine}


async def test_each_takes_its_own_jobs(one_place: Core, callers: list[Caller]) -> None:
    """In the order of its own, as if nobody else asked."""
    made = await makes(one_place, callers)

    taken = await takes(one_place, callers)

    assert [job["id"] for job in taken] == [job["id"] for job in made]


async def test_each_settles_its_own_jobs(one_place: Core, callers: list[Caller]) -> None:
    """What each holds is completed or failed, and what another holds is unknown to it."""
    await makes(one_place, callers)
    holds = [
        Hold(ids.decode("job", job["id"]), ids.decode("lease", job["lease_id"]))
        for job in await takes(one_place, callers)
    ]
    core, now = one_place, one_place.clock()
    others = [*callers[1:], callers[0]]

    async def settle(number: int, caller: Caller) -> str | None:
        hold = holds[number]
        if number < EACH:
            outcome = await complete_job(core, caller, "w", Completion(hold), now)
        else:
            outcome = await fail_job(core, caller, "w", Failure(hold, "broken"), CHANCE, now)
        return outcome.refused and outcome.refused.code

    strangers = await asyncio.gather(*[settle(number, caller) for number, caller in enumerate(others)])
    owners = await asyncio.gather(*[settle(number, caller) for number, caller in enumerate(callers)])

    assert (set(strangers), set(owners)) == ({"NOT_FOUND"}, {None})
