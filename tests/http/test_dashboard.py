"""The organization on one page."""

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
    assert page["queues"] == [
        {"name": "emails", "pending": 1, "processing": 1, "paused": False},
        {"name": "reports", "pending": 1, "processing": 0, "paused": True},
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
    """The list of queues holds those that the key may use."""
    await org.push("emails")
    await org.push("reports")
    narrow = await org.with_key(queues=["reports"])

    assert [queue["name"] for queue in (await narrow.get("/dashboard"))["queues"]] == ["reports"]


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
