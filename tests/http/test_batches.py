"""Settling many jobs at once, and taking the next ones in the same round trip."""

import asyncio
from typing import Any

from tests.support.api import Tenant
from tests.support.clock import MovingClock


async def claimed(org: Tenant, count: int, queue: str = "emails") -> list[Any]:
    """Jobs in the hands of worker `w1`."""
    jobs = [{"payload": n, "max_retries": 1} for n in range(count)]
    await org.post("/jobs/bulk", {"queue_name": queue, "jobs": jobs})
    body = {"queue_name": queue, "worker_id": "w1", "limit": count}
    taken: list[Any] = (await org.post("/jobs/claim", body))["jobs"]
    return taken


async def test_a_batch_completes_each_job_by_itself(org: Tenant, other_org: Tenant) -> None:
    """Results come in the order of the request, and what is refused harms no other job."""
    first, second, third = await claimed(org, 3)
    (foreign,) = await claimed(other_org, 1)
    jobs = [
        {"id": third["id"], "lease_id": third["lease_id"], "result": {"n": 3}},
        {"id": "job_nonsense"},
        {"id": foreign["id"]},
        {"id": first["id"], "lease_id": second["lease_id"]},
        {"id": "nonsense too"},
        {"id": second["id"]},
    ]

    answer = await org.post("/jobs/complete", {"worker_id": "w1", "jobs": jobs})

    outcomes = [(result["id"], result.get("status") or result["code"]) for result in answer["results"]]
    assert [
        (third["id"], "completed"),
        ("job_nonsense", "NOT_FOUND"),
        (foreign["id"], "NOT_FOUND"),
        (first["id"], "LEASE_EXPIRED"),
        ("nonsense too", "NOT_FOUND"),
        (second["id"], "completed"),
    ] == outcomes
    assert (await org.job(third["id"]))["result"] == {"n": 3}
    assert (await org.job(first["id"]))["status"] == "processing"
    assert "next" not in answer


async def test_a_job_given_twice_counts_once_and_says_so(org: Tenant) -> None:
    """The second entry of a job is refused, whatever it says; the first one holds."""
    (job,) = await claimed(org, 1)
    twice = [{"id": job["id"], "error": "first"}, {"id": job["id"], "error": "second", "no_retry": True}]

    one, two = (await org.post("/jobs/fail", {"jobs": twice}))["results"]

    assert (one["success"], one["status"]) == (True, "pending")
    assert (two["success"], two["code"]) == (False, "CONFLICT")
    assert "twice" in two["error"]
    assert (await org.job(job["id"]))["last_error"] == "first"


async def test_a_batch_fails_each_job_by_its_own_retries(org: Tenant) -> None:
    """`no_retry` buries one job while the next goes back to wait."""
    first, second = await claimed(org, 2)
    jobs = [{"id": first["id"], "error": "x", "no_retry": True}, {"id": second["id"], "reason": "y"}]

    results = (await org.post("/jobs/fail", {"jobs": jobs}))["results"]

    assert [result["status"] for result in results] == ["deadletter", "pending"]


async def test_a_batch_heartbeat_keeps_only_live_leases(org: Tenant, clock: MovingClock) -> None:
    """A lapsed lease cannot be extended, those beside it can."""
    (lapsed,) = [await org.push(), await org.dequeue(lease_duration_secs=5)][1:]
    clock.advance(seconds=6)
    (live,) = await claimed(org, 1, "other")
    body = {"lease_duration_secs": 600, "jobs": [{"id": lapsed["id"]}, {"id": live["id"]}]}

    one, two = (await org.post("/jobs/heartbeat", body))["results"]

    assert (one["code"], two["status"]) == ("LEASE_EXPIRED", "processing")
    assert (await org.job(live["id"]))["leased_until"] > live["leased_until"]


async def test_a_batch_of_a_thousand_is_settled_at_once(org: Tenant) -> None:
    """A thousand jobs are completed by one request, one more is refused with a hint."""
    jobs = [{"id": job["id"], "lease_id": job["lease_id"]} for job in await claimed(org, 1000)]

    too_many = await org.post("/jobs/complete", {"jobs": [*jobs, jobs[0]]}, 400)
    results = (await org.post("/jobs/complete", {"jobs": jobs}))["results"]

    assert {"completed"} == {result["status"] for result in results}
    assert "jobs" in too_many["message"]


async def test_complete_takes_the_next_job_along(org: Tenant) -> None:
    """`claim_next` on complete, single or batch, answers the claimed jobs as `next`."""
    pushed = [await org.push() for _ in range(4)]
    first = await org.dequeue()
    following = {"queue": "emails", "lease_duration_secs": 60}

    done = await org.post(
        f"/jobs/{first['id']}/complete", {"worker_id": "w1", "claim_next": following | {"limit": 2}}
    )
    held = [{"id": job["id"], "lease_id": job["lease_id"]} for job in done["next"]]
    batch = await org.post("/jobs/complete", {"jobs": held, "claim_next": following | {"limit": 5}})
    last = batch["next"][0]
    empty = await org.post(f"/jobs/{last['id']}/complete", {"claim_next": following})

    assert [job["id"] for job in pushed[1:3]] == [job["id"] for job in done["next"]]
    assert {"w1"} == {job["worker_id"] for job in done["next"]}
    assert [pushed[3]["id"]] == [job["id"] for job in batch["next"]]
    assert empty["next"] == []


async def test_a_refused_complete_claims_nothing(org: Tenant) -> None:
    """A worker that lost its lease gets 409, and no job is left in hands that do not know of it."""
    job, waiting = await org.push(), await org.push()
    await org.dequeue()
    body = {"worker_id": "somebody", "claim_next": {"queue": "emails"}}

    await org.post(f"/jobs/{job['id']}/complete", body, 409)

    assert (await org.job(waiting["id"]))["status"] == "pending"


async def test_claim_next_waits_for_a_job(org: Tenant) -> None:
    """`wait_seconds` holds the answer until a job arrives; the settle has held long before."""
    (job,) = await claimed(org, 1)
    body = {"jobs": [{"id": job["id"]}], "claim_next": {"queue": "emails", "wait_seconds": 10}}
    settling = asyncio.create_task(org.post("/jobs/complete", body))
    while (await org.job(job["id"]))["status"] != "completed":
        pass
    pushed = await org.push()

    answer = await asyncio.wait_for(settling, 5)

    assert [pushed["id"]] == [taken["id"] for taken in answer["next"]]
