"""Workers: they come, are heard of, fall silent and go."""

import asyncio
from typing import Any

import pytest

from functions.ticks.workers import run_once as forget_silent
from shared import ids
from shared.core import Core
from shared.store import SYSTEM, Query
from tests.support.api import Tenant
from tests.support.clock import MovingClock

HOST = {"queue_name": "emails", "hostname": "web-1"}


async def limit_workers(core: Core, org: Tenant, most: int) -> None:
    """Give an organization fewer places than its plan has, past the API."""
    statement = "UPDATE organization SET custom_limits = jsonb_build_object('max_workers', %(most)s::int)"
    org_id = ids.decode("org", org.org_id)
    query = Query("limit", statement + " WHERE org_id = %(org_id)s", hot=False)
    await core.store.fetch(SYSTEM, query, most=most, org_id=org_id)
    core.key_cache.forget(org_id)


async def test_a_worker_shows_what_it_holds(org: Tenant, other_org: Tenant) -> None:
    """The jobs that it has taken and not settled, without payloads, the longest running first."""
    first, second, _waits = [await org.push("emails") for _ in range(3)]
    await org.post("/jobs/claim", {"queue_name": "emails", "worker_id": "w-holds", "limit": 2})
    await org.post(f"/jobs/{first['id']}/complete", {"worker_id": "w-holds"})

    (held,) = await org.get("/workers/w-holds/jobs")
    narrow = await org.with_key(queues=["others"])

    assert (held["id"], held["status"]) == (second["id"], "processing")
    assert "payload" not in held
    await other_org.get("/workers/w-holds/jobs", status=404)
    await narrow.get("/workers/w-holds/jobs", status=404)
    await org.post(f"/jobs/{second['id']}/complete", {"worker_id": "w-holds"})
    await org.get("/workers/w-holds/jobs", status=404)
    idle = await org.post("/workers/register", HOST, 201)
    assert await org.get(f"/workers/{idle['id']}/jobs") == []


async def test_a_worker_registers_and_is_listed(org: Tenant, other_org: Tenant) -> None:
    """A fresh worker is healthy, has both names of each field, and is its organization's alone."""
    made = await org.post(
        "/workers/register",
        HOST
        | {
            "worker_id": f"w-{org.org_id}",
            "max_concurrency": 7,
            "metadata": {"a": [2**70]},
            "version": "1.2",
        },
        201,
    )
    worker = await org.get(f"/workers/{made['id']}")
    (listed,) = await org.get("/workers")

    assert (made["id"], made["queue_name"]) == (f"w-{org.org_id}", "emails")
    assert made["lease_duration_secs"] > 0
    assert made["heartbeat_interval_secs"] == 10
    assert (worker["status"], worker["max_concurrency"], worker["max_concurrent_jobs"]) == ("healthy", 7, 7)
    assert (worker["current_jobs"], worker["current_job_count"]) == (0, 0)
    assert (worker["metadata"], worker["version"]) == ({"a": [2**70]}, "1.2")
    assert worker["created_at"] == worker["registered_at"] == worker["last_heartbeat"]
    assert listed == {key: worker[key] for key in listed}
    assert await other_org.get("/workers") == []


async def test_both_dialects_name_a_worker(org: Tenant) -> None:
    """`id`, `max_concurrent_jobs` and `queue_names` are accepted; an absent id is made up."""
    body = {"queue_names": ["a", "b"], "hostname": "h", "id": f"x.{org.org_id}", "max_concurrent_jobs": 3}
    made = await org.post("/workers/register", body, 201)
    anonymous = await org.post("/workers/register", HOST, 201)
    worker = await org.get(f"/workers/{made['id']}")

    assert (worker["queue_name"], worker["queue_names"], worker["max_concurrency"]) == ("a", ["a", "b"], 3)
    assert anonymous["id"].startswith("worker_")


async def test_a_heartbeat_says_how_it_goes(org: Tenant, clock: MovingClock) -> None:
    """Jobs, status and metadata follow the last heartbeat; what it leaves out stays."""
    made = await org.post("/workers/register", HOST | {"metadata": {"a": 1}}, 201)
    path = f"/workers/{made['id']}"
    clock.advance(seconds=9)
    answer = await org.post(f"{path}/heartbeat", {"current_jobs": 3, "status": "draining"})
    await org.post(f"{path}/heartbeat", {"current_jobs": 2, "metadata": None})
    worker = await org.get(path)

    assert answer == {"acknowledged": True}
    assert (worker["current_jobs"], worker["status"], worker["metadata"]) == (2, "draining", {"a": 1})
    assert worker["last_heartbeat"] > worker["registered_at"]


async def test_silence_degrades_a_worker_and_then_ends_it(
    org: Tenant, core: Core, clock: MovingClock
) -> None:
    """Two missed heartbeats: degraded; five: offline; two minutes: gone, and its heartbeat is 404."""
    made = await org.post("/workers/register", HOST, 201)
    path = f"/workers/{made['id']}"
    seen = []
    for seconds in (15, 15, 30, 55):
        clock.advance(seconds=seconds)
        await forget_silent.run_once(core, clock(), 5)
        seen.append((await org.get(path))["status"])
    clock.advance(seconds=10)
    await forget_silent.run_once(core, clock(), 5)

    assert seen == ["healthy", "degraded", "offline", "offline"]
    assert await org.get("/workers") == []
    await org.post(f"{path}/heartbeat", {"current_jobs": 0}, 404)


async def test_a_worker_that_comes_again_is_the_same(org: Tenant, clock: MovingClock) -> None:
    """A known id is noted anew: one row, healthy, with what it says now."""
    body = HOST | {"worker_id": f"again-{org.org_id}"}
    await org.post("/workers/register", body, 201)
    await org.post(f"/workers/{body['worker_id']}/heartbeat", {"current_jobs": 4, "status": "draining"})
    clock.advance(seconds=60)
    await org.post("/workers/register", body | {"hostname": "web-2"}, 201)

    (worker,) = await org.get("/workers")
    assert (worker["hostname"], worker["status"], worker["current_jobs"]) == ("web-2", "healthy", 0)


async def test_an_id_of_another_organization_is_409(org: Tenant, other_org: Tenant) -> None:
    """A worker id names one worker; the other organization's stays as it is."""
    body = HOST | {"worker_id": f"mine-{org.org_id}"}
    await org.post("/workers/register", body, 201)

    refused = await other_org.post("/workers/register", body | {"hostname": "evil"}, 409)

    assert refused["code"] == "CONFLICT"
    assert (await org.get(f"/workers/{body['worker_id']}"))["hostname"] == "web-1"
    await other_org.post(f"/workers/{body['worker_id']}/deregister", {}, 404)


async def test_the_plan_limits_workers_and_never_the_same_one(org: Tenant, core: Core) -> None:
    """Of ten that come at once the plan lets in two; one that is known needs no place."""
    await limit_workers(core, org, 2)
    bodies = [HOST | {"worker_id": f"{n}-{org.org_id}"} for n in range(10)]
    answers = await asyncio.gather(*(org.raw("POST", "/workers/register", json=body) for body in bodies))
    let_in = [body for body, answer in zip(bodies, answers, strict=True) if answer.status_code == 201]
    refused = next(answer for answer in answers if answer.status_code == 429)

    assert len(let_in) == 2
    assert (refused.json()["code"], refused.json()["error"]) == ("QUOTA_EXCEEDED", "limit_exceeded")
    assert (refused.json()["resource"], refused.json()["limit"]) == ("workers", 2)
    assert "Retry-After" not in refused.headers
    await org.post("/workers/register", let_in[0], 201)
    await org.post(f"/workers/{let_in[1]['worker_id']}/deregister", {}, 204)
    await org.post("/workers/register", HOST, 201)
    assert (await org.get("/organizations/usage"))["usage"]["workers"]["current"] == 2


async def test_a_worker_that_goes_leaves_its_lease(org: Tenant) -> None:
    """Deregistering forgets the worker; what it holds can still be completed."""
    made = await org.post("/workers/register", HOST, 201)
    job = await org.push()
    taken = await org.dequeue(worker_id=made["id"])

    response = await org.raw("POST", f"/workers/{made['id']}/deregister")

    assert (response.status_code, response.content) == (204, b"")
    await org.get(f"/workers/{made['id']}", status=404)
    await org.post(f"/workers/{made['id']}/deregister", {}, 404)
    await org.post(f"/jobs/{job['id']}/complete", {"worker_id": made["id"], "lease_id": taken["lease_id"]})


async def test_a_key_for_one_queue_sees_its_workers(org: Tenant) -> None:
    """A key that is held to queues registers for these and sees no other worker."""
    await org.post("/workers/register", HOST, 201)
    narrow = await org.with_key(queues=["reports"])
    await narrow.post("/workers/register", HOST, 403)
    made = await narrow.post("/workers/register", {"queue": "reports", "hostname": "h"}, 201)

    assert [made["id"]] == [worker["id"] for worker in await narrow.get("/workers")]
    assert len(await org.get("/workers")) == 2


@pytest.mark.parametrize(
    ("change", "field", "status"),
    [
        ({"queue_name": None}, "queue_name", 422),
        ({"queue_name": ""}, "queue_name", 400),
        ({"hostname": None}, "hostname", 422),
        ({"worker_id": "a b"}, "worker_id", 400),
        ({"worker_id": ".."}, "worker_id", 400),
        ({"worker_id": "w" * 129}, "worker_id", 400),
        ({"max_concurrency": 0}, "max_concurrency", 400),
        ({"max_concurrency": 101}, "max_concurrency", 400),
        ({"metadata": "x" * 20_000}, "metadata", 400),
    ],
)
async def test_a_broken_rule_names_its_field(
    org: Tenant, change: dict[str, Any], field: str, status: int
) -> None:
    """A registration that breaks a rule notes no worker."""
    refused = await org.post("/workers/register", HOST | change, status)

    assert refused["details"][0]["field"] == field
    assert await org.get("/workers") == []
