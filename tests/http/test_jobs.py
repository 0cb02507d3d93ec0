"""The life of a job, over HTTP."""

from tests.http.conftest import MovingClock
from tests.support.api import Tenant


async def test_a_job_goes_from_pending_over_processing_to_completed(org: Tenant) -> None:
    """A pushed job is dequeued with its payload and, completed, keeps its result."""
    job = await org.push(payload={"type": "send_welcome_email", "user_id": 123})
    taken = await org.dequeue()
    done = await org.post(f"/jobs/{job['id']}/complete", {"result": {"sent": True}})

    assert job["status"] == "pending"
    assert job["id"] == taken["id"]
    assert (taken["status"], taken["attempts"]) == ("processing", 1)
    assert taken["payload"] == {"type": "send_welcome_email", "user_id": 123}
    assert (done["status"], done["result"]) == ("completed", {"sent": True})
    assert (await org.job(job["id"]))["status"] == "completed"
    assert await org.dequeue() is None


async def test_priority_goes_before_age(org: Tenant) -> None:
    """The claim takes the highest priority first, then the oldest."""
    low, old, new, high = [await org.push(priority=priority) for priority in (-10, 0, 0, 10)]

    order = [(await org.dequeue())["id"] for _ in range(4)]

    assert [high["id"], old["id"], new["id"], low["id"]] == order


async def test_max_retries_3_is_four_attempts(org: Tenant, clock: MovingClock) -> None:
    """A job with `max_retries: 3` runs four times before it is dead."""
    job = await org.push(max_retries=3)
    for attempt in range(1, 5):
        clock.advance(hours=2)
        taken = await org.dequeue()
        assert (attempt, attempt - 1) == (taken["attempts"], taken["retry_count"])
        failed = await org.post(f"/jobs/{job['id']}/fail", {"error": f"broken {attempt}"})
        assert (attempt < 4) == failed["will_retry"]

    clock.advance(hours=2)
    dead = await org.job(job["id"])

    assert await org.dequeue() is None
    assert (dead["status"], dead["retry_count"], dead["last_error"]) == ("deadletter", 3, "broken 4")


async def test_a_delayed_job_is_scheduled_until_its_time(org: Tenant, clock: MovingClock) -> None:
    """A job with a delay shows as scheduled and can be claimed from the instant it falls due."""
    job = await org.push(delay_seconds=3600)
    assert job["status"] == "scheduled"
    assert await org.dequeue() is None

    clock.advance(seconds=3601)

    assert (await org.job(job["id"]))["status"] == "pending"
    assert job["id"] == (await org.dequeue())["id"]


async def test_a_lapsed_lease_comes_back_to_the_next_claim(org: Tenant, clock: MovingClock) -> None:
    """A claim that finds nothing recovers lapsed leases, and the first holder's complete is refused."""
    job = await org.push()
    first = await org.dequeue(lease_duration_secs=5)
    clock.advance(seconds=6)
    assert await org.dequeue() is None
    clock.advance(seconds=3)
    second = await org.dequeue(worker_id="w2")

    refused = await org.post(f"/jobs/{job['id']}/complete", {"lease_id": first["lease_id"]}, 409)

    assert (job["id"], 2) == (second["id"], second["attempts"])
    assert refused["code"] == "LEASE_EXPIRED"
    assert (await org.job(job["id"]))["last_error"] == "Lease expired"


async def test_an_idempotency_key_makes_one_job(org: Tenant) -> None:
    """The second request with a key answers 200 with the first job, unchanged."""
    first = await org.push(idempotency_key="order-1", payload={"a": 1})
    second = await org.push(idempotency_key="order-1", payload={"a": 2}, status=200)

    assert (first["id"], False, {"a": 1}) == (second["id"], second["created"], second["payload"])


async def test_a_dead_job_can_be_retried(org: Tenant) -> None:
    """Retry clears the counters and makes the job runnable at once."""
    job = await org.bury()
    listed = await org.get("/jobs", {"queue": "emails", "status": "dead_letter"})
    retried = await org.post(f"/jobs/{job['id']}/retry")

    assert [job["id"]] == [item["id"] for item in listed]
    assert (retried["status"], retried["retry_count"], retried["last_error"]) == ("pending", 0, None)
    assert job["id"] == (await org.dequeue())["id"]


async def test_a_pending_job_can_be_cancelled_and_no_other(org: Tenant) -> None:
    """DELETE cancels a job that waits; a running or finished one is 409."""
    job = await org.push()
    await org.delete(f"/jobs/{job['id']}")
    running = await org.push()
    await org.dequeue()

    await org.delete(f"/jobs/{running['id']}", 409)
    again = await org.delete(f"/jobs/{job['id']}", 409)

    assert again["message"] == "Job is already cancelled"
    assert (await org.job(job["id"]))["status"] == "cancelled"


async def test_another_organizations_job_is_not_there(org: Tenant, other_org: Tenant) -> None:
    """Every verb on another organization's job answers 404."""
    job = await org.push()

    await other_org.job(job["id"], 404)
    await other_org.delete(f"/jobs/{job['id']}", 404)
    for verb in ("complete", "retry", "heartbeat"):
        await other_org.post(f"/jobs/{job['id']}/{verb}", {}, 404)
    await other_org.post(f"/jobs/{job['id']}/fail", {"error": "x"}, 404)


async def test_heartbeat_and_release_keep_the_fence(org: Tenant) -> None:
    """A heartbeat moves the end of the lease; a release gives the attempt back."""
    job = await org.push()
    taken = await org.dequeue()
    kept = await org.post(
        f"/jobs/{job['id']}/heartbeat", {"lease_id": taken["lease_id"], "lease_duration_secs": 600}
    )
    await org.post(f"/jobs/{job['id']}/heartbeat", {"worker_id": "somebody"}, 409)
    released = await org.post(f"/jobs/{job['id']}/release", {"lease_id": taken["lease_id"]})

    assert kept["leased_until"] > taken["leased_until"]
    assert (released["status"], released["attempts"]) == ("pending", 0)


async def test_a_body_without_content_type_is_read_as_json(org: Tenant) -> None:
    """The guide's priority examples send no Content-Type; curl calls such a body a form."""
    response = await org.raw(
        "POST",
        "/jobs",
        content='{"queue": "emails", "payload": {"a": 1}, "priority": 10}',
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert (response.status_code, response.json()["priority"]) == (201, 10)


async def test_bulk_makes_all_jobs_at_once(org: Tenant) -> None:
    """A bulk request answers for each job, equal keys of one request making one job."""
    jobs = [{"payload": n, "idempotency_key": "same" if n < 2 else None} for n in range(1000)]
    made = await org.post("/jobs/bulk", {"queue_name": "emails", "jobs": jobs})
    claimed = await org.post("/jobs/claim", {"queue_name": "emails", "worker_id": "w", "limit": 1000})

    assert (made["success_count"], len(claimed["jobs"])) == (1000, 999)
    assert made["succeeded"][0]["job_id"] == made["succeeded"][1]["job_id"]
