"""How long it is kept what happened, for readers without Redis."""

from datetime import timedelta

from functions.ticks.rollups import run_once
from shared.core import Core
from tests.support.api import Tenant
from tests.support.clock import MovingClock
from tests.support.watching import kept, watch


async def test_what_happened_is_forgotten_after_ten_minutes(
    core: Core, org: Tenant, other_org: Tenant, clock: MovingClock
) -> None:
    """Of every organization, what is older than that and nothing else."""
    for tenant in (org, other_org):
        await watch(core, tenant, kept=True)
        await tenant.post("/queues", {"name": "old"}, 201)
    clock.advance(minutes=6)
    await org.post("/queues", {"name": "young"}, 201)

    await run_once.run_once(core, clock() + timedelta(minutes=3, seconds=55), 10)
    before = [len(await kept(core, tenant)) for tenant in (org, other_org)]
    await run_once.run_once(core, clock() + timedelta(minutes=4, seconds=5), 10)

    assert before == [2, 1]
    assert [item["queue_name"] for _, item in await kept(core, org)] == ["young"]
    assert await kept(core, other_org) == []


async def test_more_than_a_batch_is_forgotten_in_one_run(core: Core, org: Tenant, clock: MovingClock) -> None:
    """As much as there is, while the time of the timer lasts."""
    await org.post("/queues", {"name": "emails"}, 201)
    await watch(core, org, kept=True)
    jobs = [{"payload": {}}] * 1000
    for _ in range(6):
        await org.post("/jobs/bulk", {"queue_name": "emails", "jobs": jobs})

    counts = await run_once.run_once(core, clock() + timedelta(minutes=11), 20)

    assert counts["old_happenings"] >= 6000
    assert await kept(core, org) == []
