"""Many at once against the real database: what must hold whoever comes first."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import psycopg
import pytest

from shared import ids
from shared.core import Core
from shared.jobs import cancel
from shared.jobs.refusal import Hold
from shared.jobs.settle import Completion, Outcome, complete_jobs
from shared.tenants.caller import Caller
from tests.support.api import Tenant
from tests.support.until import until


async def test_fifty_equal_idempotency_keys_make_one_job(org: Tenant) -> None:
    """The unique key decides: one request makes the job, the others get its id."""
    body = {"queue": "emails", "payload": 1, "idempotency_key": "order-1"}

    answers = await asyncio.gather(*[org.raw("POST", "/jobs", json=body) for _ in range(50)])

    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 49}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(await org.get("/jobs")) == 1


async def test_bulk_requests_with_the_same_keys_make_each_job_once(org: Tenant) -> None:
    """Batches that name the same keys in opposite orders wait for each other and agree."""
    jobs = [{"payload": n, "idempotency_key": f"order-{n}"} for n in range(100)]
    bodies = [{"queue_name": "emails", "jobs": jobs[:: 1 if turn % 2 else -1]} for turn in range(8)]

    answers = await asyncio.gather(*[org.post("/jobs/bulk", body) for body in bodies])

    made = [item for answer in answers for item in answer["succeeded"]]
    assert sum(item["created"] for item in made) == 100
    assert len({item["job_id"] for item in made}) == 100
    assert len(await org.get("/jobs", {"limit": 1000})) == 100


async def test_of_five_completes_exactly_one_wins(org: Tenant) -> None:
    """The others are told that the job is already completed, and change nothing."""
    job = await org.push()
    taken = await org.dequeue()
    path = f"/jobs/{job['id']}/complete"
    bodies = [{"lease_id": taken["lease_id"], "result": n} for n in range(5)]

    answers = await asyncio.gather(*[org.raw("POST", path, json=body) for body in bodies])

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 4}
    (won,) = [n for n, answer in enumerate(answers) if answer.status_code == 200]
    refused = [answer.json()["message"] for answer in answers if answer.status_code == 409]
    assert set(refused) == {"Job is already completed"}
    assert (await org.job(job["id"]))["result"] == won


async def test_complete_and_fail_at_once_settle_the_job_once(org: Tenant) -> None:
    """Whichever comes second is refused, whatever it wanted."""
    job = await org.push()
    await org.dequeue()
    verbs: list[tuple[str, dict[str, Any]]] = [
        ("complete", {}),
        ("fail", {"error": "x", "no_retry": True}),
    ] * 3

    answers = await asyncio.gather(
        *[org.raw("POST", f"/jobs/{job['id']}/{verb}", json=body) for verb, body in verbs]
    )

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 5}
    (settled,) = [answer.json()["status"] for answer in answers if answer.status_code == 200]
    assert (await org.job(job["id"]))["status"] == settled


async def test_consumers_at_once_never_share_a_job(org: Tenant) -> None:
    """Forty dequeues over thirty jobs: thirty get one each, ten get none."""
    jobs = [{"payload": n} for n in range(30)]
    made = await org.post("/jobs/bulk", {"queue_name": "emails", "jobs": jobs})

    taken = await asyncio.gather(*[org.dequeue() for _ in range(40)])

    got = [job["id"] for job in taken if job]
    assert sorted(got) == sorted(item["job_id"] for item in made["succeeded"])


async def test_cancel_and_claim_at_once_never_both_have_the_job(org: Tenant) -> None:
    """A job is either cancelled or in a worker's hands."""
    for _ in range(10):
        job = await org.push()
        taken, cancelled = await asyncio.gather(org.dequeue(), org.raw("DELETE", f"/jobs/{job['id']}"))

        assert (taken is None) == (cancelled.status_code == 204)


async def test_a_cancel_beside_a_retry_is_as_if_after_it(
    org: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dead job that is revived while its cancel looks for the reason of a refusal is cancelled."""
    job = await org.bury()
    find_job = cancel.find_job

    async def find_revived(core: Core, caller: Caller, job_id: int) -> Any:
        await org.raw("POST", f"/jobs/{job['id']}/retry")
        return await find_job(core, caller, job_id)

    monkeypatch.setattr(cancel, "find_job", find_revived)
    await org.delete(f"/jobs/{job['id']}")

    assert (await org.job(job["id"]))["status"] == "cancelled"


async def test_five_retries_at_once_bring_one_job_back(org: Tenant) -> None:
    """One retry wins; the job is there once."""
    job = await org.bury()
    path = f"/jobs/{job['id']}/retry"

    answers = await asyncio.gather(*[org.raw("POST", path, json={}) for _ in range(5)])

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 4}
    assert (await org.dequeue())["id"] == job["id"]
    assert await org.dequeue() is None


async def test_batches_that_overlap_complete_each_job_once(org: Tenant) -> None:
    """Eight batches over the same jobs in opposite orders: each job is completed by exactly one of them."""
    await org.post("/jobs/bulk", {"queue_name": "emails", "jobs": [{"payload": n} for n in range(200)]})
    claim = {"queue_name": "emails", "worker_id": "w1", "limit": 200}
    held = [{"id": job["id"]} for job in (await org.post("/jobs/claim", claim))["jobs"]]

    answers = await asyncio.gather(
        *[org.post("/jobs/complete", {"jobs": held[:: 1 if turn % 2 else -1]}) for turn in range(8)]
    )

    results = [result for answer in answers for result in answer["results"]]
    assert sorted(result["id"] for result in results if result["success"]) == sorted(
        job["id"] for job in held
    )
    assert {result["error"] for result in results if not result["success"]} == {"Job is already completed"}


async def test_a_batch_undone_by_a_deadlock_runs_again(org: Tenant, core: Core, database_url: str) -> None:
    """A statement that the database picks to end a deadlock is run again by itself and holds."""
    # It picks who waited longest, and on a busy machine that may be the other once.
    for _ in range(5):
        outcomes, is_undone = await _batch_in_a_deadlock(org, core, database_url)
        assert [outcome.row_or_raise()["state"] for outcome in outcomes] == ["completed", "completed"]
        if is_undone:
            return
    pytest.fail("The batch was never picked")


async def _batch_in_a_deadlock(org: Tenant, core: Core, database_url: str) -> tuple[Sequence[Outcome], bool]:
    """How a batch ended that met a deadlock, and whether the database picked it to end that."""
    await org.post("/jobs/bulk", {"queue_name": "emails", "jobs": [{"payload": n} for n in range(2)]})
    claim = {"queue_name": "emails", "worker_id": "w1", "limit": 2}
    held = sorted(ids.decode("job", job["id"]) for job in (await org.post("/jobs/claim", claim))["jobs"])
    caller = Caller(org_id=ids.decode("org", org.org_id), key_id=1)
    lock = "SELECT FROM job WHERE id = %s FOR UPDATE"
    completions = [Completion(Hold(job_id)) for job_id in held]

    async with await psycopg.AsyncConnection.connect(database_url) as other:
        await other.execute("SET ROLE spooled_system")
        await other.execute(lock, (held[1],))
        batch = asyncio.create_task(complete_jobs(core, caller, "w1", completions, core.clock()))

        async def batch_waits() -> bool:
            cursor = await other.execute(
                "SELECT count(*) FROM pg_locks AS wanted WHERE NOT wanted.granted"
                " AND pg_backend_pid() = ANY(pg_blocking_pids(wanted.pid))"
            )
            return await cursor.fetchone() == (1,)

        await until(batch_waits)
        try:
            await other.execute(lock, (held[0],))
            is_undone = True
        except psycopg.errors.DeadlockDetected:
            is_undone = False
        await other.rollback()
        return await asyncio.wait_for(batch, 10), is_undone
