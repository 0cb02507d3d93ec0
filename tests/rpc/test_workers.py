"""Workers that say by gRPC that they are there."""

from typing import Any

import pytest

from tests.support.api import Tenant
from tests.support.rpc import Rpc

COMING = {"queue_name": "emails", "hostname": "web-1"}


async def test_a_worker_comes(rpc: Rpc, org: Tenant) -> None:
    """Register notes what the worker says, and says how it shall claim and be heard of."""
    answer = await rpc.call(
        "Register", **COMING, worker_type="python", max_concurrency=7, version="1.2", metadata={"zone": "a"}
    )

    worker = await org.get(f"/workers/{answer.worker_id}")
    assert (answer.lease_duration_secs, answer.heartbeat_interval_secs) == (30, 10)
    assert (worker["queue_name"], worker["hostname"], worker["max_concurrency"]) == ("emails", "web-1", 7)
    assert (worker["worker_type"], worker["version"], worker["metadata"]) == ("python", "1.2", {"zone": "a"})


async def test_the_same_id_is_the_same_worker(rpc: Rpc, org: Tenant) -> None:
    """A worker that comes back under its own id is updated; an empty id is none, and 0 at once means 5."""
    first = await rpc.call("Register", **COMING, worker_id="mine")
    second = await rpc.call("Register", **COMING | {"hostname": "web-2"}, worker_id="mine")
    third = await rpc.call("Register", **COMING, worker_id="", max_concurrency=0)

    assert first.worker_id == second.worker_id == "mine"
    assert third.worker_id not in {"", "mine"}
    assert {worker["id"]: worker["hostname"] for worker in await org.get("/workers")} == {
        "mine": "web-2",
        third.worker_id: "web-1",
    }
    assert (await org.get(f"/workers/{third.worker_id}"))["max_concurrency"] == 5


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"queue_name": ""}, "Queue name"),
        ({"queue_name": "a b"}, "Queue name"),
        ({"hostname": ""}, "hostname"),
        ({"worker_id": "no/slash"}, "Worker ID"),
        ({"worker_id": "w" * 129}, "Worker ID"),
        ({"max_concurrency": 101}, "max_concurrency"),
        ({"max_concurrency": -1}, "max_concurrency"),
        ({"metadata": {"a": "x" * 20_000}}, "metadata"),
    ],
)
async def test_bounds_of_a_registration(rpc: Rpc, fields: dict[str, Any], said: str) -> None:
    """What is out of its bounds is INVALID_ARGUMENT."""
    refusal = await rpc.refusal("Register", **COMING | fields)

    assert refusal.code == "INVALID_ARGUMENT"
    assert said in refusal.text


async def test_an_id_of_another_organization(rpc: Rpc, other_org: Tenant) -> None:
    """A worker id belongs to the organization that brought it first."""
    await other_org.post("/workers/register", COMING | {"worker_id": "theirs-rpc"}, 201)

    refusal = await rpc.refusal("Register", **COMING, worker_id="theirs-rpc")

    assert refusal.code == "ALREADY_EXISTS"


@pytest.mark.parametrize("status", ["healthy", "degraded", "draining", "offline"])
async def test_a_heartbeat_is_noted(rpc: Rpc, org: Tenant, status: str) -> None:
    """Each status is accepted, and one that drains is told to take no more."""
    worker_id = (await rpc.call("Register", **COMING)).worker_id

    answer = await rpc.call("Heartbeat", worker_id=worker_id, current_jobs=3, status=status)

    worker = await org.get(f"/workers/{worker_id}")
    assert answer.acknowledged
    assert answer.should_drain == (status == "draining")
    assert (worker["status"], worker["current_jobs"]) == (status, 3)


async def test_a_worker_is_told_to_drain(rpc: Rpc, org: Tenant) -> None:
    """Who sets a worker to draining has it told: a heartbeat without a status changes none."""
    worker_id = (await rpc.call("Register", **COMING)).worker_id
    before = await rpc.call("Heartbeat", worker_id=worker_id)
    await org.post(f"/workers/{worker_id}/heartbeat", {"current_jobs": 0, "status": "draining"})

    after = await rpc.call("Heartbeat", worker_id=worker_id)

    assert (before.should_drain, after.should_drain) == (False, True)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"worker_id": ""}, "Worker ID"),
        ({"status": "tired"}, "status"),
        ({"current_jobs": -1}, "current_jobs"),
    ],
)
async def test_bounds_of_a_heartbeat(rpc: Rpc, fields: dict[str, Any], said: str) -> None:
    """What is no status or no number of jobs is INVALID_ARGUMENT."""
    refusal = await rpc.refusal("Heartbeat", **{"worker_id": "w1"} | fields)

    assert refusal.code == "INVALID_ARGUMENT"
    assert said in refusal.text


async def test_an_unknown_worker_is_not_acknowledged(rpc: Rpc) -> None:
    """A worker that never came is answered OK and not acknowledged."""
    answer = await rpc.call("Heartbeat", worker_id="nobody")

    assert (answer.acknowledged, answer.should_drain) == (False, False)


async def test_a_worker_goes_once(rpc: Rpc, org: Tenant) -> None:
    """Deregister forgets the worker; one that is not there is answered OK, and no success."""
    worker_id = (await rpc.call("Register", **COMING)).worker_id

    first = await rpc.call("Deregister", worker_id=worker_id)
    second = await rpc.call("Deregister", worker_id=worker_id)

    assert (first.success, second.success) == (True, False)
    assert await org.get("/workers") == []
