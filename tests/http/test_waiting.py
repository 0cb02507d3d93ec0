"""A request that waits for a job is woken by what makes one claimable."""

import asyncio
from typing import Any

from shared import ids
from shared.core import Core
from shared.edge.opening import open_core
from shared.jobs.claim import Claim
from shared.jobs.claim_wait import claim_jobs
from shared.jobs.enqueue import NewJob, enqueue_jobs
from shared.settings import Settings
from shared.tenants.caller import Caller
from tests.support.api import Tenant
from tests.support.clock import MovingClock
from tests.support.until import until, until_consumers_wait

SOON = 8
"""Seconds that are far below the wait that is asked for."""


def waiting(org: Tenant, **fields: Any) -> asyncio.Task[Any]:
    return asyncio.create_task(org.dequeue(wait_seconds=20, **fields))


async def test_an_enqueue_wakes_who_waits(org: Tenant, core: Core) -> None:
    """A consumer that waits has the job as soon as it is pushed."""
    consumer = waiting(org)
    await until_consumers_wait(core)
    job = await org.push()

    assert (await asyncio.wait_for(consumer, SOON))["id"] == job["id"]


async def test_a_resume_wakes_who_waits(org: Tenant, core: Core) -> None:
    """A paused queue yields nothing, until it is resumed."""
    job = await org.push()
    await org.post("/queues/emails/pause")
    consumer = waiting(org)
    await until_consumers_wait(core)
    await org.post("/queues/emails/resume")

    assert (await asyncio.wait_for(consumer, SOON))["id"] == job["id"]


async def test_a_release_and_a_failure_wake_who_waits(org: Tenant, core: Core) -> None:
    """A job that is given back goes to the consumer that waits."""
    job = await org.push()
    await org.dequeue()
    second = waiting(org, worker_id="w2")
    await until_consumers_wait(core)
    await org.post(f"/jobs/{job['id']}/release")
    released = await asyncio.wait_for(second, SOON)
    third = waiting(org, worker_id="w3")
    await until_consumers_wait(core)
    await org.post(f"/jobs/{job['id']}/fail", {"error": "x"})

    failed = await asyncio.wait_for(third, SOON)

    assert (released["id"], released["attempts"]) == (job["id"], 1)
    assert (failed["id"], failed["attempts"]) == (job["id"], 2)


async def test_a_job_that_falls_due_comes_to_who_waits(org: Tenant) -> None:
    """Nobody has to wake a consumer at the next `run_at`: it looks again at that time."""
    job = await org.push(delay_seconds=0.5)

    taken = await asyncio.wait_for(waiting(org), SOON)

    assert taken["id"] == job["id"]
    assert taken["started_at"] >= job["scheduled_at"]


async def test_an_earlier_arrival_shortens_the_wait(org: Tenant, core: Core) -> None:
    """A consumer that looks forward to a far job is told of a nearer one."""
    await org.push(delay_seconds=3600)
    consumer = waiting(org)
    await until_consumers_wait(core)
    near = await org.push(delay_seconds=0.3)

    assert (await asyncio.wait_for(consumer, SOON))["id"] == near["id"]


async def test_a_lapsing_lease_comes_to_who_waits(org: Tenant, core: Core) -> None:
    """The job of a dead worker goes to the waiting one when its lease lapses, without a timer."""
    job = await org.push()
    caller = Caller(org_id=ids.decode("org", org.org_id), key_id=1)
    await claim_jobs(core, caller, Claim("emails", "dead", lease_seconds=1))

    taken = await asyncio.wait_for(waiting(org, worker_id="w2"), SOON)

    assert (taken["id"], taken["attempts"]) == (job["id"], 2)


async def test_others_are_told_though_somebody_here_was_woken(
    org: Tenant, core: Core, settings: Settings
) -> None:
    """Who waits in the process of the push has a head start, and no more: nothing may come of its claim."""
    org_id = ids.decode("org", org.org_id)
    other = await open_core(settings)
    try:
        with core.wakeups.waiting(org_id, "probe") as near, other.wakeups.waiting(org_id, "probe") as far:
            near.stand()
            far.stand()

            async def both_were_woken() -> bool:
                core.wakeups.notify(org_id, "probe")
                assert near.woken.is_set()
                near.woken.clear()
                near.stand()
                return far.woken.is_set()

            await until(both_were_woken)
    finally:
        await other.close()


async def test_another_process_wakes_who_waits(org: Tenant, core: Core, settings: Settings) -> None:
    """A job that another process pushes is known at once through Redis."""
    caller = Caller(org_id=ids.decode("org", org.org_id), key_id=1)
    other = await open_core(settings)
    try:
        with core.wakeups.waiting(caller.org_id, "probe") as probe:
            probe.stand()

            async def is_heard() -> bool:
                other.wakeups.notify(caller.org_id, "probe")
                return probe.woken.is_set()

            await until(is_heard)
        consumer = waiting(org)
        await until_consumers_wait(core)
        (made,) = await enqueue_jobs(other, caller, [NewJob("emails", "1")], core.clock())
        taken = await asyncio.wait_for(consumer, SOON)
    finally:
        await other.close()

    assert taken["id"] == ids.encode("job", made.job_id)


async def test_without_redis_who_waits_looks_each_second(org: Tenant, settings: Settings) -> None:
    """A job that another process pushes is found though nobody tells of it."""
    caller = Caller(org_id=ids.decode("org", org.org_id), key_id=1)
    alone = settings.model_copy(update={"redis_url": "none"})
    one, other = await open_core(alone), await open_core(alone)
    try:
        consumer = asyncio.create_task(claim_jobs(one, caller, Claim("emails", "w", wait_seconds=20)))
        await until_consumers_wait(one)
        (made,) = await enqueue_jobs(other, caller, [NewJob("emails", "1")], other.clock())
        (taken,) = await asyncio.wait_for(consumer, SOON)
    finally:
        await one.close()
        await other.close()

    assert taken["id"] == ids.encode("job", made.job_id)


async def test_a_client_that_has_gone_claims_nothing(org: Tenant, core: Core) -> None:
    """The job stays pending, and the wake-up goes on to the next consumer."""
    caller = Caller(org_id=ids.decode("org", org.org_id), key_id=1)

    went: list[bool] = []

    async def is_gone() -> bool:
        return bool(went)

    gone = asyncio.create_task(claim_jobs(core, caller, Claim("emails", "w", wait_seconds=20), is_gone))
    await until_consumers_wait(core, 1)
    consumer = waiting(org)
    await until_consumers_wait(core, 2)
    went.append(True)
    job = await org.push()

    assert await asyncio.wait_for(gone, SOON) == []
    assert (await asyncio.wait_for(consumer, SOON))["id"] == job["id"]


async def test_who_waits_first_is_served_first(org: Tenant, core: Core) -> None:
    """Jobs go to waiting consumers in the order in which these began to wait, oldest job first."""
    consumers = []
    for n in range(4):
        consumers.append(waiting(org, worker_id=f"w{n}"))
        await until_consumers_wait(core, n + 1)
    pushed = []
    for consumer in consumers:
        pushed.append((await org.push())["id"])
        await asyncio.wait_for(asyncio.shield(consumer), SOON)

    assert [(await consumer)["id"] for consumer in consumers] == pushed


async def test_a_wait_ends_with_nothing(org: Tenant, clock: MovingClock) -> None:
    """When no job comes, the answer is `null` after the time that was asked for."""
    before = clock()

    taken = await org.dequeue(wait_seconds=0.3)

    assert taken is None
    assert (clock() - before).total_seconds() >= 0.3
