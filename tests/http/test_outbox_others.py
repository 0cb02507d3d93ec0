"""Queues, workers and schedules tell webhooks of what happens to them."""

import asyncio
from datetime import datetime
from typing import Any

from functions.ticks.schedules import run_once as fire
from functions.ticks.workers import run_once as forget_silent
from shared.core import Core
from tests.support.api import Tenant
from tests.support.clock import MovingClock
from tests.support.outbox import names, subscribe, told

WORKER = {"worker_id": "w-1", "queue_name": "emails", "hostname": "box"}
EVERY_MINUTE = {"name": "tick", "queue": "emails", "cron_expression": "* * * * *", "payload": {}}


def _said(data: dict[str, Any], *fields: str) -> list[Any]:
    return [data[field] for field in fields]


async def test_a_pause_and_its_end_are_told_once(core: Core, org: Tenant) -> None:
    """Pausing a paused queue and resuming a running one change nothing."""
    await subscribe(core, org, "queue.paused", "queue.resumed")
    await org.push()

    paused = await org.post("/queues/emails/pause", {"reason": "maintenance"})
    await org.post("/queues/emails/pause", {"reason": "again"})
    await org.post("/queues/emails/resume")
    await org.post("/queues/emails/resume")

    (first, second) = await told(core, org)
    assert first == (
        "queue.paused",
        {"queue_name": "emails", "reason": "maintenance", "paused_at": paused["paused_at"]},
    )
    assert second[0] == "queue.resumed"
    assert _said(second[1], "queue_name", "paused_at") == ["emails", paused["paused_at"]]
    assert second[1]["resumed_at"] > paused["paused_at"]


async def test_a_pause_that_ends_by_configuration_is_told(core: Core, org: Tenant) -> None:
    """`enabled: true` ends a pause like a resume does; a change of anything else does not."""
    await subscribe(core, org, "queue.resumed")
    await org.push()
    await org.post("/queues/emails/pause")

    await org.put("/queues/emails/config", {"max_retries": 5})
    await org.put("/queues/emails/config", {"enabled": True})
    await org.put("/queues/emails/config", {"enabled": True})

    assert await names(core, org) == ["queue.resumed"]


async def test_jobs_that_go_with_their_queue_are_told(core: Core, org: Tenant) -> None:
    """Deleting a queue with its jobs cancels those that had not ended."""
    await subscribe(core, org, "job.cancelled")
    job = await org.push()

    await org.delete("/queues/emails?delete_jobs=true")

    ((_, data),) = await told(core, org)
    assert _said(data, "job_id", "status", "error") == [job["id"], "cancelled", "Queue deleted"]


async def test_a_worker_comes_and_goes(core: Core, org: Tenant) -> None:
    """A worker that registers again is no new one, and one that is gone does not go twice."""
    await subscribe(core, org, "worker.registered", "worker.deregistered")

    await asyncio.gather(*(org.post("/workers/register", WORKER, 201) for _ in range(5)))
    await org.post("/workers/w-1/deregister", status=204)
    await org.post("/workers/w-1/deregister", status=404)

    data = {"worker_id": "w-1", "queue_name": "emails", "queue_names": ["emails"], "hostname": "box"}
    assert await told(core, org) == [("worker.registered", data), ("worker.deregistered", data)]


async def test_a_worker_that_falls_silent_is_told(
    core: Core, org: Tenant, other_org: Tenant, clock: MovingClock
) -> None:
    """The timer tells each organization of its own workers alone."""
    for each, worker_id in ((org, "silent-a"), (other_org, "silent-b")):
        await subscribe(core, each, "worker.deregistered")
        await each.post("/workers/register", WORKER | {"worker_id": worker_id}, 201)
    clock.advance(seconds=300)

    await forget_silent.run_once(core, clock(), 5)

    assert [data["worker_id"] for _, data in await told(core, org)] == ["silent-a"]
    assert [data["worker_id"] for _, data in await told(core, other_org)] == ["silent-b"]


async def test_a_schedule_tells_of_each_run(core: Core, org: Tenant, clock: MovingClock) -> None:
    """A run by the timer names its slot, one that was asked for none; both name the job, told before."""
    await subscribe(core, org, "schedule.triggered", "job.created")
    schedule = await org.post("/schedules", EVERY_MINUTE, 201)
    clock.move_to(datetime.fromisoformat(schedule["next_run_at"]))

    await asyncio.gather(*(fire.run_once(core, clock(), 5.0) for _ in range(3)))
    asked = await org.post(f"/schedules/{schedule['id']}/trigger")

    events = await told(core, org)
    assert [event for event, _ in events] == ["job.created", "schedule.triggered"] * 2
    by_timer, by_hand = events[1][1], events[3][1]
    facts = {"schedule_id": schedule["id"], "name": "tick", "queue_name": "emails"}
    assert by_timer.items() >= (facts | {"planned_at": schedule["next_run_at"]}).items()
    assert by_timer["job_id"] == events[0][1]["job_id"]
    assert by_hand.items() >= (facts | {"planned_at": None, "job_id": asked["job_id"]}).items()
    assert by_hand["triggered_at"] == asked["triggered_at"]
