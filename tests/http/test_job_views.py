"""Looking at jobs: history, status, statistics, priority; and the dead-letter queue as a whole."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.ticks import rollups
from shared.core import Core
from tests.support.api import Tenant
from tests.support.clock import MovingClock


async def test_the_history_tells_what_happened(org: Tenant, clock: MovingClock) -> None:
    """Each claim, failure, release, retry and the end is an event with its time and worker."""
    job = await org.push(max_retries=1)
    path = f"/jobs/{job['id']}"
    await org.dequeue(worker_id="w1")
    await org.post(f"{path}/fail", {"error": "first"})
    clock.advance(minutes=1)
    await org.dequeue(worker_id="w2")
    await org.post(f"{path}/release")
    await org.dequeue(worker_id="w3")
    await org.post(f"{path}/fail", {"error": "second"})
    await org.post(f"{path}/retry")
    taken = await org.dequeue(worker_id="w4")
    await org.post(f"{path}/complete")

    events = await org.get(f"{path}/history")

    assert [(event["event_type"], event["worker_id"]) for event in events] == [
        ("created", None),
        ("claimed", "w1"),
        ("failed", "w1"),
        ("claimed", "w2"),
        ("released", "w2"),
        ("claimed", "w3"),
        ("failed", "w3"),
        ("retried", None),
        ("claimed", "w4"),
        ("completed", "w4"),
    ]
    assert [event["created_at"] for event in events] == sorted(event["created_at"] for event in events)
    assert events[2]["details"] == {"attempt": 1, "error": "first", "will_retry": True}
    assert events[6]["details"] == {"attempt": 2, "error": "second", "will_retry": False}
    assert events[8]["created_at"] == taken["started_at"]
    assert (await org.get(path, {"include": "history"}))["history"] == events
    assert "history" not in await org.job(job["id"])


async def test_an_event_keeps_its_id(org: Tenant) -> None:
    """What was read while a job ran is still there, under the same ids, when it has ended."""
    job = await org.push()
    path = f"/jobs/{job['id']}"
    await org.dequeue()
    running = await org.get(f"{path}/history")
    await org.post(f"{path}/fail", {"error": "x", "no_retry": True})

    ended = await org.get(f"{path}/history")

    assert [event["event_type"] for event in running] == ["created", "claimed"]
    assert ended[:2] == running
    assert len({event["id"] for event in ended}) == len(ended) == 3


async def test_the_history_comes_in_pages_of_either_order(org: Tenant, other_org: Tenant) -> None:
    """Pages follow each other, newest first when asked; another organization sees none."""
    job = await org.bury()
    path = f"/jobs/{job['id']}/history"

    first = await org.raw("GET", path, params={"limit": 2})
    last = await org.raw("GET", path, params={"limit": 2, "offset": 2})
    newest = await org.get(path, {"order_dir": "desc", "limit": 1})

    assert [event["event_type"] for event in first.json() + last.json()] == ["created", "claimed", "failed"]
    assert (first.headers["x-has-more"], last.headers["x-has-more"]) == ("true", "false")
    assert newest == last.json()
    await other_org.get(path, status=404)


async def test_priority_is_set_for_a_job_that_waits(org: Tenant) -> None:
    """The new priority replaces the old one and decides the order; a running job has none to set."""
    first, second = await org.push(priority=5), await org.push(priority=1)
    changed = await org.put(f"/jobs/{second['id']}/priority", {"priority": 9})
    taken = await org.dequeue()

    assert changed == {"job_id": second["id"], "old_priority": 1, "new_priority": 9}
    assert taken["id"] == second["id"]
    await org.put(f"/jobs/{second['id']}/priority", {"priority": 1}, 404)
    await org.put(f"/jobs/{first['id']}/priority", {"priority": 101}, 400)


async def test_statuses_come_in_the_order_asked_for(org: Tenant, other_org: Tenant) -> None:
    """Live and finished jobs answer, unknown and foreign ids are left out, 101 ids are too many."""
    dead, live = await org.bury(), await org.push(delay_seconds=60)
    foreign = await other_org.push()
    asked = [live["id"], "job_unknown", foreign["id"], dead["id"], live["id"]]

    statuses = await org.get("/jobs/status", {"ids": ",".join(asked)})

    assert [(job["id"], job["status"]) for job in statuses] == [
        (live["id"], "scheduled"),
        (dead["id"], "deadletter"),
    ]
    too_many = await org.get("/jobs/status", {"ids": ",".join([live["id"]] * 101)}, 400)
    assert "100" in too_many["message"]
    await org.get("/jobs/status", {"ids": ","}, 400)
    await org.get("/jobs/status", status=422)


async def test_stats_count_each_state(org: Tenant, core: Core, clock: MovingClock) -> None:
    """Each job counts in its state, before and after the timer took in the completed ones, and once."""

    async def complete_one(queue: str) -> None:
        job = await org.push(queue)
        await org.dequeue(queue)
        await org.post(f"/jobs/{job['id']}/complete")

    await org.bury()
    await complete_one("emails")
    await complete_one("other")
    gone = await org.push()
    await org.delete(f"/jobs/{gone['id']}")
    await org.push()
    await org.dequeue()
    await org.push("third")
    await org.push("third", delay_seconds=10_000)
    expected = {
        "pending": 1,
        "scheduled": 1,
        "processing": 1,
        "completed": 2,
        "failed": 0,
        "deadletter": 1,
        "cancelled": 1,
        "total": 7,
    }

    assert await org.get("/jobs/stats") == expected
    clock.advance(minutes=10)
    counted = await rollups.run_once.run_once(core, clock(), 5)
    again = await rollups.run_once.run_once(core, clock(), 5)
    assert (counted["organizations"] > 0, again["organizations"]) == (True, 0)
    assert await org.get("/jobs/stats") == expected
    await complete_one("emails")
    narrow = await org.with_key(queues=["emails"])

    assert (await org.get("/jobs/stats"))["completed"] == 3
    assert (await narrow.get("/jobs/stats"))["completed"] == 2


async def test_dead_jobs_are_retried_by_name_or_by_queue(org: Tenant, other_org: Tenant) -> None:
    """Those that are not dead are skipped and named; without names the oldest of the queue come back."""
    named, oldest, newer = [await org.bury() for _ in range(3)]
    elsewhere, foreign, live = await org.bury("other"), await other_org.bury(), await org.push("third")
    ids = [named["id"], live["id"], foreign["id"], "nonsense"]

    by_name = await org.post("/jobs/dlq/retry", {"job_ids": ids})
    by_queue = await org.post("/jobs/dlq/retry", {"queue": "emails", "limit": 1})
    rest = await org.post("/jobs/dlq/retry")
    none = await org.post("/jobs/dlq/retry", {"job_ids": []})

    assert by_name == {"retried_count": 1, "retried_jobs": [named["id"]], "skipped_jobs": ids[1:]}
    assert by_queue["retried_jobs"] == [oldest["id"]]
    assert rest["retried_jobs"] == [newer["id"], elsewhere["id"]]
    assert none == {"retried_count": 0, "retried_jobs": [], "skipped_jobs": []}
    assert (await other_org.job(foreign["id"]))["status"] == "deadletter"


async def test_purge_deletes_what_was_confirmed(org: Tenant, clock: MovingClock) -> None:
    """Without `confirm` nothing goes; with it only dead jobs of the queue and age that were named."""
    old = await org.bury()
    clock.advance(hours=2)
    new, other = await org.bury(), await org.bury("other")
    live = await org.push("third")
    before = (clock() - timedelta(hours=1)).isoformat()

    refused = await org.post("/jobs/dlq/purge", {"queue": "emails"}, 400)
    by_age = await org.post("/jobs/dlq/purge", {"confirm": True, "older_than": before})
    by_queue = await org.post("/jobs/dlq/purge", {"confirm": True, "queue_name": "emails"})

    assert "confirm" in refused["message"]
    assert (by_age, by_queue) == ({"purged_count": 1}, {"purged_count": 1})
    for gone in (old, new):
        await org.job(gone["id"], 404)
    for kept in (other, live):
        await org.job(kept["id"])


async def test_renew_lease_is_a_heartbeat(org: Tenant) -> None:
    """The lease ends `extension_seconds` from now."""
    job = await org.push()
    await org.dequeue()
    answer: Any = await org.post(f"/jobs/{job['id']}/renew-lease", {"extension_seconds": 900})

    end = datetime.fromisoformat(answer["lease_expires_at"])

    assert answer["success"] is True
    assert timedelta(seconds=890) < end - datetime.now(UTC) <= timedelta(seconds=900)


@pytest.mark.parametrize("way", ["dequeue", "claim", "limited", "together", "claim_next", "batch_next"])
async def test_a_worker_is_told_of_its_job_what_is_kept_of_it(
    org: Tenant, clock: MovingClock, way: str
) -> None:
    """Queue, worker, times and all else are those of the database, by whatever way it was claimed."""
    await org.push("first")
    held = await org.dequeue("first")
    if way == "limited":
        await org.put("/queues/emails/config", {"concurrency": 5})
    for number in range(3):
        await org.post("/jobs/bulk", {"queue_name": "emails", "jobs": [{"payload": number}]})
        clock.advance(seconds=1.25)
    asks = {"queue_name": "emails", "worker_id": "w7", "lease_duration_secs": 77}

    async def slowly(body: dict[str, Any]) -> AsyncIterator[bytes]:
        yield b" "
        clock.advance(seconds=3)
        yield json.dumps(body).encode()

    following = {"worker_id": held["worker_id"], "claim_next": {"queue_name": "emails", "limit": 2}}
    hold = {"id": held["id"], "lease_id": held["lease_id"]}
    if way == "together":
        workers = ({**asks, "worker_id": f"w{n}", "lease_duration_secs": 30 + n} for n in range(3))
        taken = await asyncio.gather(*[org.post("/jobs/dequeue", body) for body in workers])
    elif way == "claim_next":
        path, body = f"/jobs/{held['id']}/complete", {**following, "lease_id": held["lease_id"]}
        taken = (await org.call("POST", path, 200, content=slowly(body)))["next"]
    elif way == "batch_next":
        body = {**following, "jobs": [hold]}
        taken = (await org.call("POST", "/jobs/complete", 200, content=slowly(body)))["next"]
    elif way == "claim":
        taken = (await org.post("/jobs/claim", {**asks, "limit": 2}))["jobs"]
    else:
        taken = [await org.post("/jobs/dequeue", asks)]

    assert len(taken) == {"together": 3, "claim": 2, "claim_next": 2, "batch_next": 2}.get(way, 1)
    for job in taken:
        kept = await org.get(f"/jobs/{job['id']}")
        assert {name: kept[name] for name in job.keys() & kept.keys()} == {
            name: value for name, value in job.items() if name in kept
        }
