"""The organization on one page."""

from datetime import datetime
from typing import Any

import pytest

from functions.ticks import rollups
from shared.core import Core
from tests.support.api import Tenant
from tests.support.clock import MovingClock


async def test_an_empty_dashboard_has_every_field(org: Tenant) -> None:
    """A new organization sees zeros, no queues and no averages."""
    page = await org.get("/dashboard")

    assert set(page) == {"system", "jobs", "queues", "workers", "recent_activity"}
    assert page["system"]["database_status"] == page["system"]["cache_status"] == "healthy"
    assert page["system"]["environment"] == "development"
    assert (page["queues"], page["jobs"]["total"], page["jobs"]["avg_wait_time_ms"]) == ([], 0, None)


async def test_the_dashboard_counts_what_there_is(org: Tenant, other_org: Tenant) -> None:
    """Jobs by state, queues, workers and the last hour, of the caller's organization alone."""
    await other_org.push()
    done = await org.push()
    await org.dequeue()
    await org.post(f"/jobs/{done['id']}/complete")
    await org.bury()
    await org.push()
    await org.dequeue()
    await org.push()
    await org.push("reports")
    await org.push("reports", delay_seconds=60)
    await org.post("/queues/reports/pause")
    await org.post("/workers/register", {"queue": "emails", "hostname": "a"}, 201)
    await other_org.post("/workers/register", {"queue": "emails", "hostname": "b"}, 201)

    page = await org.get("/dashboard")

    jobs = page["jobs"]
    assert (jobs["total"], jobs["pending"], jobs["processing"]) == (6, 2, 1)
    assert (jobs["completed_24h"], jobs["failed_24h"], jobs["deadletter"]) == (1, 1, 1)
    assert jobs["avg_processing_time_ms"] >= 0
    assert jobs["oldest_job_age_seconds"] == 0
    assert page["queues"] == [
        {"name": "emails", "pending": 1, "processing": 1, "paused": False, "oldest_job_age_seconds": 0},
        {"name": "reports", "pending": 1, "processing": 0, "paused": True, "oldest_job_age_seconds": 0},
    ]
    assert page["workers"] == {"total": 1, "healthy": 1, "unhealthy": 0}
    assert page["recent_activity"] == {"jobs_created_1h": 6, "jobs_completed_1h": 1, "jobs_failed_1h": 1}


async def test_the_dashboard_forgets_the_hour_and_the_day(clock: MovingClock, org: Tenant) -> None:
    """After a day what ended is in the total alone, and a worker that is not heard of is unhealthy."""
    done = await org.push()
    await org.dequeue()
    await org.post(f"/jobs/{done['id']}/complete")
    await org.bury()
    await org.push()
    await org.post("/workers/register", {"queue": "emails", "hostname": "a"}, 201)
    clock.advance(days=1, minutes=1)

    page = await org.get("/dashboard")

    assert (page["jobs"]["total"], page["jobs"]["completed_24h"], page["jobs"]["deadletter"]) == (3, 0, 1)
    assert page["workers"] == {"total": 1, "healthy": 0, "unhealthy": 1}
    assert set(page["recent_activity"].values()) == {0}


async def test_a_key_for_one_queue_sees_that_queue(org: Tenant) -> None:
    """A key that is held to queues sees these in the list, and nothing of others in any figure."""
    for _ in range(2):
        done = await org.push("emails")
        await org.dequeue("emails")
        await org.post(f"/jobs/{done['id']}/complete", {"worker_id": "w1"})
    await org.bury("emails")
    await org.push("emails")
    await org.push("reports")
    await org.post("/workers/register", {"queue": "emails", "hostname": "a"}, 201)
    narrow = await org.with_key(queues=["reports"])

    page = await narrow.get("/dashboard")

    assert [queue["name"] for queue in page["queues"]] == ["reports"]
    names = ("total", "pending", "completed_24h", "failed_24h", "deadletter", "avg_wait_time_ms")
    assert [page["jobs"][name] for name in names] == [1, 1, 0, 0, 0, None]
    assert page["workers"]["total"] == 0
    assert list(page["recent_activity"].values()) == [1, 0, 0]


async def test_figures_are_the_same_once_the_timer_has_counted(
    org: Tenant, core: Core, clock: MovingClock
) -> None:
    """What slots hold and what is counted job by job at their edges add up to the minute."""
    for hours in (0, 0.5, 0.9, 2, 22.9):
        clock.advance(hours=hours)
        done = await org.push()
        await org.dequeue()
        clock.advance(seconds=30)
        await org.post(f"/jobs/{done['id']}/complete")
        await org.bury()
    clock.advance(minutes=3)

    counted_by_row = await figures(org)
    await rollups.run_once.run_once(core, clock(), 5)
    assert await figures(org) == the_same(counted_by_row)
    clock.advance(minutes=7)
    later_by_row = await figures(org)
    await rollups.run_once.run_once(core, clock(), 5)

    assert await figures(org) == the_same(later_by_row)
    assert (counted_by_row["total"], counted_by_row["deadletter"]) == (10, 5)
    assert counted_by_row["avg_processing_time_ms"] == pytest.approx(30_000, rel=0.01)


async def test_the_oldest_job_is_one_that_is_due(clock: MovingClock, org: Tenant) -> None:
    """A job that waits for its time is not late, one that waits for a worker is; no job, no age."""
    await org.push("emails")
    await org.push("reports", delay_seconds=600)
    await org.post("/queues", {"name": "unused"}, 201)
    clock.advance(seconds=200)
    await org.push("emails")

    page = await org.get("/dashboard")
    ages = {queue["name"]: queue["oldest_job_age_seconds"] for queue in page["queues"]}

    assert ages == {"emails": 200, "reports": None, "unused": None}
    assert page["jobs"]["oldest_job_age_seconds"] == 200


async def test_activity_is_told_step_by_step(org: Tenant, core: Core, clock: MovingClock) -> None:
    """A step has what ended from its start on; only those counted whole are shown, of all queues or one."""
    assert (await org.get("/dashboard/activity"))["steps"] == []
    clock.advance(seconds=330 - clock().timestamp() % 300)
    begin = clock()
    done = await org.push()
    await org.dequeue()
    clock.advance(seconds=20)
    await org.post(f"/jobs/{done['id']}/complete")
    await org.bury("reports")
    clock.advance(minutes=7)
    await rollups.run_once.run_once(core, clock(), 5)

    told = await org.get("/dashboard/activity", {"hours": 1})
    reports = await org.get("/dashboard/activity", {"hours": 1, "queue": "reports"})
    step = told["steps"][-1]

    assert told["step_seconds"] == 300
    assert 0 < (begin - datetime.fromisoformat(step["starts_at"])).total_seconds() < 300
    assert (step["completed"], step["failed"]) == (1, 1)
    assert step["avg_processing_time_ms"] == pytest.approx(20_000, rel=0.01)
    # Ids are made by the database, whose clock does not move with the test's.
    assert sum(made["created"] for made in told["steps"]) == 2
    assert sum(made["created"] for made in reports["steps"]) == 1
    assert (reports["steps"][-1]["failed"], reports["steps"][-1]["avg_wait_time_ms"]) == (1, None)
    assert (await org.get("/dashboard/activity", {"hours": 24}))["step_seconds"] == 1_800
    narrow = await org.with_key(queues=["reports"])
    assert (await narrow.get("/dashboard/activity"))["steps"][-1]["completed"] == 0
    await narrow.get("/dashboard/activity", {"queue": "emails"}, status=403)


async def test_old_slots_are_forgotten(org: Tenant, core: Core, clock: MovingClock) -> None:
    """Slots of the day before yesterday are deleted; what they held stays in the total."""
    done = await org.push()
    await org.dequeue()
    await org.post(f"/jobs/{done['id']}/complete")
    clock.advance(minutes=10)
    await rollups.run_once.run_once(core, clock(), 5)
    clock.advance(hours=26)

    assert (await rollups.run_once.run_once(core, clock(), 5))["old_slots"] >= 1
    assert (await org.get("/dashboard"))["jobs"]["total"] == 1


async def figures(org: Tenant) -> dict[str, Any]:
    """The figures of the page and of a queue."""
    page = await org.get("/dashboard")
    return page["jobs"] | page["recent_activity"] | await org.get("/queues/emails/stats")


def the_same(seen: dict[str, Any]) -> Any:
    """Sums of floats differ by the order they are added in."""
    return pytest.approx(seen, abs=0.01)
