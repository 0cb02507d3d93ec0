"""Queues over HTTP: made, changed, read, deleted."""

import asyncio

import pytest

from tests.support.api import Tenant
from tests.support.clock import MovingClock


async def test_the_guides_key_makes_the_guides_queue(org: Tenant) -> None:
    """A key with only the guide's three permissions can do the guide's third step, and jobs inherit it."""
    narrow = await org.with_key(permissions=["jobs:write", "jobs:read", "queues:read"])
    made = await narrow.post(
        "/queues",
        {"name": "emails", "max_retries": 2, "retry_delay_seconds": 60, "timeout_seconds": 120},
        201,
    )
    job = await narrow.push()

    assert made["id"].startswith("queue_")
    assert (made["name"], made["queue_name"]) == ("emails", "emails")
    assert (made["timeout_seconds"], made["default_timeout"]) == (120, 120)
    assert (made["max_retries"], made["retry_delay_seconds"]) == (2, 60)
    assert made["settings"]["retry_delay_ms"] == 60_000
    assert made["enabled"] is True
    assert (job["max_retries"], job["timeout_seconds"]) == (2, 120)
    assert made == await narrow.get("/queues/emails")


async def test_a_second_queue_of_one_name_is_refused(org: Tenant) -> None:
    """Of many equal requests at once one makes the queue and the others answer 409."""
    answers = await asyncio.gather(*(org.raw("POST", "/queues", json={"name": "emails"}) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


async def test_the_first_job_makes_its_queue(org: Tenant) -> None:
    """A queue that only a job named stands in the list with the defaults."""
    await org.push("reports")
    (queue,) = await org.get("/queues")

    assert (
        queue["queue_name"],
        queue["max_retries"],
        queue["default_timeout"],
        queue["rate_limit"],
    ) == ("reports", 3, 300, None)


async def test_a_repeated_key_makes_no_queue(org: Tenant) -> None:
    """A push that stands for an earlier job, one by one or in bulk, does not make the queue that it names."""
    first = await org.push("emails", idempotency_key="order-1")

    again = await org.push("reports", idempotency_key="order-1", status=200)
    jobs = [{"payload": 1, "idempotency_key": "order-1"}, {"payload": 2, "queue_name": "others"}]
    await org.post("/jobs/bulk", {"queue_name": "exports", "jobs": jobs})

    assert (again["id"], again["queue_name"]) == (first["id"], "emails")
    assert [queue["name"] for queue in await org.get("/queues")] == ["emails", "others"]


async def test_put_changes_what_it_names_and_makes_what_is_not_there(org: Tenant) -> None:
    """A change keeps what it does not name; settings are merged; the dashboard's names reach the columns."""
    await org.put("/queues/emails/config", {"max_retries": 5, "rate_limit": 10, "settings": {"team": "a"}})
    changed = await org.put(
        "/queues/emails/config",
        {
            "queue_name": "another",
            "default_timeout": 60,
            "rate_limit": None,
            "settings": {
                "description": "mail",
                "concurrency": 4,
                "retry_delay_ms": 1500,
                "backoff_multiplier": 3,
                "max_retry_delay_ms": 9000,
                "paused": True,
            },
        },
    )

    assert (
        changed["name"],
        changed["max_retries"],
        changed["timeout_seconds"],
        changed["rate_limit"],
        changed["concurrency"],
    ) == ("emails", 5, 60, 10, 4)
    assert (
        changed["retry_delay_seconds"],
        changed["backoff_multiplier"],
        changed["backoff_max_seconds"],
    ) == (1.5, 3, 9)
    assert changed["settings"] == {
        "team": "a",
        "description": "mail",
        "concurrency": 4,
        "retry_delay_ms": 1500,
        "backoff_multiplier": 3,
        "max_retry_delay_ms": 9000,
        "paused": False,
    }


async def test_a_null_in_settings_lifts_a_limit(org: Tenant) -> None:
    """`rate_limit` and `concurrency` can be taken off again."""
    await org.put("/queues/emails/config", {"rate_limit": 10, "concurrency": 2})
    lifted = await org.put("/queues/emails/config", {"settings": {"rate_limit": None, "concurrency": None}})

    assert (lifted["rate_limit"], lifted["concurrency"]) == (None, None)


async def test_a_failed_job_waits_as_its_queue_says(org: Tenant, clock: MovingClock) -> None:
    """The delay of a retry is the queue's, with its multiplier and its ceiling."""
    settings = {"retry_delay_ms": 10_000, "backoff_multiplier": 3, "max_retry_delay_ms": 20_000}
    await org.post("/queues", {"name": "emails", "settings": settings}, 201)
    job = await org.push()
    for seconds in (10, 20):
        await org.dequeue()
        await org.post(f"/jobs/{job['id']}/fail", {"error": "broken"})
        clock.advance(seconds=seconds - 1)
        assert await org.dequeue() is None
        clock.advance(seconds=2)

    assert job["id"] == (await org.dequeue())["id"]


@pytest.mark.parametrize(
    ("body", "field", "status"),
    [
        ({}, "name", 422),
        ({"name": ""}, "name", 400),
        ({"name": "a b"}, "name", 400),
        ({"name": "q" * 101}, "name", 400),
        ({"name": "q", "max_retries": 101}, "max_retries", 400),
        ({"name": "q", "max_retries": -1}, "max_retries", 400),
        ({"name": "q", "max_retries": "3"}, "max_retries", 422),
        ({"name": "q", "timeout_seconds": 0}, "timeout_seconds", 400),
        ({"name": "q", "default_timeout": 86401}, "timeout_seconds", 400),
        ({"name": "q", "retry_delay_seconds": -1}, "retry_delay_seconds", 400),
        ({"name": "q", "retry_delay_seconds": 1e300}, "retry_delay_seconds", 400),
        ({"name": "q", "retry_delay_seconds": "60"}, "retry_delay_seconds", 422),
        ({"name": "q", "rate_limit": 0}, "rate_limit", 400),
        ({"name": "q", "rate_limit": 100_001}, "rate_limit", 400),
        ({"name": "q", "concurrency": 0}, "concurrency", 400),
        ({"name": "q", "concurrency": 10**30}, "concurrency", 400),
        ({"name": "q", "enabled": "yes"}, "enabled", 422),
        ({"name": "q", "settings": []}, "settings", 422),
        ({"name": "q", "settings": {"concurrency": 0}}, "settings.concurrency", 400),
        ({"name": "q", "settings": {"backoff_multiplier": 0.5}}, "settings.backoff_multiplier", 400),
        ({"name": "q", "settings": {"retry_delay_ms": "x"}}, "settings.retry_delay_ms", 422),
        ({"name": "q", "settings": {"note": "x" * 20_000}}, "settings", 400),
        ({"name": "q", "settings": {"note": 10**400}}, "settings", 400),
        ({"name": "q", "timeout_seconds": 5, "default_timeout": 6}, "timeout_seconds", 400),
    ],
)
async def test_a_broken_rule_names_its_field(org: Tenant, body: object, field: str, status: int) -> None:
    """Every number has bounds, and what breaks them is refused by name before anything is stored."""
    refused = await org.post("/queues", body, status)

    assert field == refused["details"][0]["field"]
    assert await org.get("/queues") == []


async def test_a_name_that_is_none_makes_no_queue(org: Tenant) -> None:
    """PUT checks the name in its path by the rule of POST."""
    refused = await org.put("/queues/a%20b/config", {}, 400)

    assert refused["details"][0]["field"] == "queue_name"


async def test_stats_count_jobs_by_state(org: Tenant, clock: MovingClock) -> None:
    """Both spellings of each figure agree, those of a list too, and history counts for a day."""
    await org.bury()
    taken = [await org.push(), await org.push(), await org.push(), await org.push(delay_seconds=3600)]
    await org.dequeue()
    await org.dequeue(worker_id="w2")
    await org.post(f"/jobs/{taken[0]['id']}/complete")
    clock.advance(seconds=30)
    stats = await org.get("/queues/emails/stats")
    (listed,) = await org.get("/queues", {"include": "stats"})
    (plain,) = await org.get("/queues")
    clock.advance(hours=25)
    later = await org.get("/queues/emails/stats")

    assert listed["stats"] == {name: stats[name] for name in listed["stats"]}
    assert listed == plain | {"stats": listed["stats"]}
    assert tuple(
        stats[name] for name in ("pending_jobs", "processing_jobs", "completed_jobs_24h", "failed_jobs_24h")
    ) == (1, 1, 1, 1)
    assert tuple(
        stats[name] for name in ("pending", "processing", "completed", "deadletter", "scheduled")
    ) == (1, 1, 1, 1, 1)
    assert stats["active_workers"] == 1
    assert stats["avg_processing_time_ms"] >= 0
    assert 30 <= stats["max_job_age_seconds"] < 90
    assert stats["paused"] is False
    assert (later["completed_jobs_24h"], later["deadletter"], later["pending"]) == (0, 1, 2)


async def test_a_queue_with_unfinished_jobs_is_kept(org: Tenant) -> None:
    """DELETE is 409 while a job waits or runs, takes all with delete_jobs, and then 404."""
    done = await org.push()
    await org.dequeue()
    await org.post(f"/jobs/{done['id']}/complete")
    waiting = await org.push()

    await org.delete("/queues/emails", 409)
    await org.dequeue()
    await org.delete("/queues/emails", 409)
    await org.delete("/queues/emails?delete_jobs=true")

    await org.delete("/queues/emails", 404)
    await org.get("/queues/emails", status=404)
    await org.job(waiting["id"], 404)
    await org.job(done["id"], 404)


async def test_an_idle_queue_goes_and_leaves_its_history(org: Tenant) -> None:
    """Without delete_jobs finished jobs stay readable."""
    done = await org.push()
    await org.dequeue()
    await org.post(f"/jobs/{done['id']}/complete")
    await org.delete("/queues/emails")

    assert await org.get("/queues") == []
    assert (await org.job(done["id"]))["status"] == "completed"


async def test_another_organizations_queue_is_not_there(org: Tenant, other_org: Tenant) -> None:
    """Every route on another organization's queue answers 404 and leaves it as it was."""
    made = await org.post("/queues", {"name": "emails"}, 201)

    await other_org.get("/queues/emails", status=404)
    await other_org.get("/queues/emails/stats", status=404)
    await other_org.post("/queues/emails/pause", {}, 404)
    await other_org.post("/queues/emails/resume", {}, 404)
    await other_org.delete("/queues/emails?delete_jobs=true", 404)
    await other_org.put("/queues/emails/config", {"max_retries": 9})

    assert made == await org.get("/queues/emails")


async def test_a_key_held_to_queues_sees_no_other(org: Tenant) -> None:
    """For a key with `queues` another queue is not there, and it can make none but its own."""
    await org.post("/queues", {"name": "emails"}, 201)
    held = await org.with_key(queues=["reports"])

    assert await held.get("/queues") == []
    await held.get("/queues/emails", status=404)
    await held.get("/queues/emails/stats", status=404)
    await held.post("/queues/emails/pause", {}, 404)
    await held.delete("/queues/emails", 404)
    await held.put("/queues/emails/config", {"max_retries": 9}, 403)
    await held.post("/queues", {"name": "billing"}, 403)
    await held.post("/queues", {"name": "reports"}, 201)


async def test_rights_are_asked_for(org: Tenant) -> None:
    """A key that may only read changes nothing, and one that may not administer deletes nothing."""
    await org.post("/queues", {"name": "emails"}, 201)
    reader = await org.with_key(permissions=["queues:read"])
    writer = await org.with_key(permissions=["queues:write"])

    await reader.post("/queues", {"name": "reports"}, 403)
    await reader.put("/queues/emails/config", {}, 403)
    await reader.post("/queues/emails/pause", {}, 403)
    await reader.post("/queues/emails/resume", {}, 403)
    await writer.get("/queues", status=403)
    await writer.delete("/queues/emails", 403)
