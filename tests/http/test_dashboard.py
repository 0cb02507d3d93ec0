"""The organization on one page."""

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
    """After a day only what is unfinished or dead is counted, and a lapsed worker is unhealthy."""
    done = await org.push()
    await org.dequeue()
    await org.post(f"/jobs/{done['id']}/complete")
    await org.bury()
    await org.push()
    await org.dequeue()
    clock.advance(days=1, minutes=1)

    page = await org.get("/dashboard")

    assert (page["jobs"]["total"], page["jobs"]["completed_24h"], page["jobs"]["deadletter"]) == (2, 0, 1)
    assert page["workers"] == {"total": 1, "healthy": 0, "unhealthy": 1}
    assert set(page["recent_activity"].values()) == {0}


async def test_a_key_for_one_queue_sees_that_queue(org: Tenant) -> None:
    """The list of queues holds those that the key may use."""
    await org.push("emails")
    await org.push("reports")
    narrow = await org.with_key(queues=["reports"])

    assert [queue["name"] for queue in (await narrow.get("/dashboard"))["queues"]] == ["reports"]
