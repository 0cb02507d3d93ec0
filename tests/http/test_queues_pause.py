"""Pause and resume: a paused queue takes jobs in and gives none out."""

import asyncio

import pytest

from shared.core import Core
from tests.support.api import Tenant
from tests.support.clock import MovingClock
from tests.support.until import until_consumers_wait


async def test_a_paused_queue_takes_jobs_in_and_gives_none_out(org: Tenant, clock: MovingClock) -> None:
    """Dequeue and claim find nothing until the queue is resumed, which says how long it stood."""
    job = await org.push()
    paused = await org.post("/queues/emails/pause", {"reason": "maintenance"})
    await org.push()

    assert (paused["queue_name"], paused["paused"], paused["reason"]) == ("emails", True, "maintenance")
    assert await org.dequeue() is None
    claim = {"queue_name": "emails", "worker_id": "w1"}
    assert await org.post("/jobs/claim", claim) == {"jobs": []}
    shown = await org.get("/queues/emails")
    assert (shown["enabled"], shown["settings"]["paused"], shown["pause_reason"]) == (
        False,
        True,
        "maintenance",
    )

    clock.advance(seconds=90)
    again = await org.post("/queues/emails/pause")
    resumed = await org.post("/queues/emails/resume")

    assert paused["paused_at"] == again["paused_at"]
    assert resumed["resumed"] is True
    assert 90 <= resumed["paused_duration_secs"] < 120
    assert job["id"] == (await org.dequeue())["id"]


async def test_a_queue_that_runs_can_be_resumed(org: Tenant) -> None:
    """Resume of a queue that was not paused says so with a duration of 0."""
    await org.push()

    assert (await org.post("/queues/emails/resume"))["paused_duration_secs"] == 0


async def test_a_queue_that_is_not_there_is_neither_paused_nor_resumed(org: Tenant) -> None:
    """Both are 404 for an unknown queue."""
    await org.post("/queues/nothing/pause", {}, 404)
    await org.post("/queues/nothing/resume", {}, 404)


async def test_a_disabled_queue_yields_nothing_until_it_is_enabled(org: Tenant) -> None:
    """`enabled: false` stops the queue; `enabled: true` starts it again, paused or not."""
    job = await org.push()
    await org.put("/queues/emails/config", {"enabled": False})
    assert await org.dequeue() is None
    await org.post("/queues/emails/pause")
    shown = await org.put("/queues/emails/config", {"enabled": True})

    assert (shown["enabled"], shown["paused_at"], shown["pause_reason"]) == (True, None, None)
    assert job["id"] == (await org.dequeue())["id"]


@pytest.mark.parametrize("how", ["resume", "enable"])
async def test_resume_wakes_all_who_wait(org: Tenant, core: Core, how: str) -> None:
    """Consumers that wait at a paused queue get its jobs as soon as it is resumed."""
    jobs = [await org.push() for _ in range(3)]
    await org.post("/queues/emails/pause")
    waiting = [asyncio.create_task(org.dequeue(wait_seconds=20)) for _ in range(3)]
    await until_consumers_wait(core, 3)
    if how == "resume":
        await org.post("/queues/emails/resume")
    else:
        await org.put("/queues/emails/config", {"enabled": True})
    taken = await asyncio.wait_for(asyncio.gather(*waiting), 5)

    assert sorted(job["id"] for job in jobs) == sorted(job["id"] for job in taken)
