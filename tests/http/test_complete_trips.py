"""Completing jobs and taking the next ones asks the database once."""

import asyncio
from typing import Any

import pytest

from shared.store import SYSTEM, Scope, Store
from tests.support.api import Tenant

NEXT = {"queue": "emails"}
BOTH, LOOK, WHY = ("complete_jobs", "claim_jobs"), ("next_look",), ("states_of_jobs",)
both = pytest.mark.parametrize("is_batch", [False, True], ids=["one", "batch"])


class Trips:
    """What was asked for the organization, by round trip: the names of the statements."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def since(self) -> list[tuple[str, ...]]:
        taken, self.asked = self.asked, []
        return taken


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> Trips:
    trips, run = Trips(), Store._round_trip

    async def noting(store: Store, connection: Any, scope: Scope, statements: Any, **named: Any) -> Any:
        if scope != SYSTEM:  # who asks is looked up again when that is seconds old
            trips.asked.append(tuple(statement.query.name for statement in statements))
        return await run(store, connection, scope, statements, **named)

    monkeypatch.setattr(Store, "_round_trip", noting)
    return trips


async def complete(
    org: Tenant, job: dict[str, Any], following: dict[str, Any], *, is_batch: bool, status: int = 200
) -> Any:
    """Complete a job by its own route or by that of batches, and take the next."""
    hold = {"lease_id": job["lease_id"]}
    if is_batch:
        return await org.post("/jobs/complete", {"jobs": [hold | {"id": job["id"]}], "claim_next": following})
    return await org.post(f"/jobs/{job['id']}/complete", hold | {"claim_next": following}, status)


@both
async def test_the_next_job_comes_with_the_completion(org: Tenant, trips: Trips, is_batch: bool) -> None:  # noqa: FBT001
    """Where something is due, both are one transaction in one round trip."""
    await org.push()
    waiting = await org.push()
    job = await org.dequeue()
    trips.since()

    answer = await complete(org, job, NEXT, is_batch=is_batch)

    assert [taken["id"] for taken in answer["next"]] == [waiting["id"]]
    assert trips.since() == [BOTH]


@both
async def test_an_empty_queue_is_looked_at_once_more(org: Tenant, trips: Trips, is_batch: bool) -> None:  # noqa: FBT001
    """Where nothing is due, a second round trip asks for lapsed leases, and there is no third."""
    await org.push()
    job = await org.dequeue()
    trips.since()

    answer = await complete(org, job, NEXT, is_batch=is_batch)

    assert answer["next"] == []
    assert trips.since() == [BOTH, LOOK]


@both
async def test_a_job_that_comes_is_taken_by_one_round_trip(org: Tenant, trips: Trips, is_batch: bool) -> None:  # noqa: FBT001
    """Who waits after a completion asks once more, then nothing until a job comes, and then once."""
    await org.push()
    job = await org.dequeue()
    trips.since()
    completing = asyncio.create_task(complete(org, job, NEXT | {"wait_seconds": 10}, is_batch=is_batch))
    while len(trips.asked) < 2:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0)

    pushed = await org.push()
    answer = await asyncio.wait_for(completing, 5)

    assert [taken["id"] for taken in answer["next"]] == [pushed["id"]]
    assert trips.since() == [BOTH, LOOK, ("enqueue_jobs",), ("claim_jobs",)]


async def test_a_refusal_is_asked_for_once(org: Tenant, trips: Trips) -> None:
    """A lost lease costs one round trip more, which finds out why; a batch goes on with what it takes."""
    for _ in range(3):
        await org.push()
    lost, held = await org.dequeue(), await org.dequeue()
    lost["lease_id"] = held["lease_id"]
    trips.since()

    await complete(org, lost, NEXT, is_batch=False, status=409)
    assert trips.since() == [BOTH, WHY]

    answer = await complete(org, lost, NEXT, is_batch=True)
    assert (answer["results"][0]["code"], len(answer["next"])) == ("LEASE_EXPIRED", 1)
    assert trips.since() == [BOTH, WHY]
