"""Who asked for a job may be told to stop more than once, at any moment."""

import asyncio

from shared.core import Core
from shared.jobs.claim import Claim
from shared.jobs.claim_wait import claim_jobs
from shared.tenants.caller import Caller
from tests.support.api import Tenant


async def test_a_job_comes_back_from_one_who_is_cancelled_again_meanwhile(
    core: Core, org: Tenant, caller: Caller
) -> None:
    """Neither the claim that is under way nor its giving back is stopped in the middle."""
    job = await org.push()
    for turns in range(0, 120, 3):
        asking = asyncio.create_task(claim_jobs(core, caller, Claim("emails", "w", 1, 60, wait_seconds=1)))
        for _ in range(turns):
            await asyncio.sleep(0)
        while not asking.done():
            asking.cancel()
            await asyncio.sleep(0)

        if asking.cancelled():
            assert (await org.job(job["id"]))["status"] == "pending"
        else:
            (held,) = asking.result()
            lease = {"worker_id": "w", "lease_id": held["lease_id"]}
            await org.post(f"/jobs/{job['id']}/release", lease)
