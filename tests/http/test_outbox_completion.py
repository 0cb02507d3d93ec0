"""A job that brings an address of its own calls it when it has ended, and no sooner."""

from typing import Any

import psycopg
import pytest

from shared import ids
from shared.core import Core
from shared.jobs.leases import recover_all
from shared.webhooks.sealing import unseal
from tests.support.api import Tenant
from tests.support.clock import MovingClock
from tests.support.outbox import deliveries, subscribe

URL = "https://hooks.example.com/done"
CALL = {"completion_webhook": URL, "completion_webhook_secret": "s3cret"}


async def _only(core: Core, org: Tenant) -> dict[str, Any]:
    (row,) = await deliveries(core, org)
    return row


async def test_a_completed_job_calls_back(core: Core, org: Tenant) -> None:
    """With its result and nothing else of it; nobody needs to have subscribed."""
    made = await org.push(**CALL)
    job = await org.dequeue()
    assert await deliveries(core, org) == []
    await org.post(f"/jobs/{job['id']}/complete", {"result": {"sum": 7, "left": None}})

    row = await _only(core, org)
    done = await org.job(made["id"])

    assert (row["event"], row["webhook_id"], row["url"], row["state"]) == (
        "job.completed",
        None,
        URL,
        "pending",
    )
    assert unseal(core.settings, bytes(row["sealed_secret"])) == "s3cret"
    assert row["data"] == {
        "job_id": made["id"],
        "queue_name": "emails",
        "status": "completed",
        "result": {"sum": 7, "left": None},
        "completed_at": done["completed_at"],
    }


@pytest.mark.parametrize("way", ["failed", "lapsed"])
async def test_a_job_that_failed_for_good_calls_back(
    core: Core, org: Tenant, clock: MovingClock, way: str
) -> None:
    """An attempt that will be repeated does not; the last one does, also when its worker just died."""
    await org.push(max_retries=1, completion_webhook=URL)
    for attempt in range(2):
        assert await deliveries(core, org) == []
        job = await org.dequeue(wait_seconds=0)
        assert job["attempts"] == attempt + 1
        if way == "failed":
            await org.post(f"/jobs/{job['id']}/fail", {"error": "broken"})
        else:
            clock.advance(seconds=301)
            await recover_all(core, clock(), 10)
        clock.advance(seconds=10)

    row = await _only(core, org)

    assert (row["event"], row["url"], row["sealed_secret"]) == ("job.failed", URL, None)
    assert (row["data"]["status"], row["data"]["result"]) == ("deadletter", None)


async def test_a_cancelled_job_does_not_call_back(core: Core, org: Tenant) -> None:
    """Whoever cancelled it knows."""
    job = await org.push(**CALL)

    await org.delete(f"/jobs/{job['id']}")

    assert await deliveries(core, org) == []


async def test_a_callback_and_a_subscription_are_two(core: Core, org: Tenant) -> None:
    """Each has its own delivery; a repeat of the complete makes no third."""
    webhook = await subscribe(core, org, "job.completed")
    await org.push(**CALL)
    job = await org.dequeue()
    await org.post(f"/jobs/{job['id']}/complete", {})
    await org.post(f"/jobs/{job['id']}/complete", {}, 409)

    rows = await deliveries(core, org)

    assert sorted((row["webhook_id"] or 0, row["url"]) for row in rows) == [(0, URL), (webhook, None)]


async def test_the_secret_is_kept_sealed_and_never_shown(core: Core, org: Tenant) -> None:
    """Neither an answer nor the database has its text; it survives a retry from the dead letters."""
    made = await org.push(max_retries=0, **CALL)
    shown = [made, await org.job(made["id"]), await org.dequeue()]
    await org.post(f"/jobs/{made['id']}/fail", {"error": "broken"})
    shown.append(await org.post(f"/jobs/{made['id']}/retry"))
    async with await psycopg.AsyncConnection.connect(core.settings.database_url) as owner:
        await owner.execute("SET ROLE spooled_system")
        cursor = await owner.execute(
            "SELECT completion_webhook_secret, job::text FROM job WHERE id = %s",
            [ids.decode("job", made["id"])],
        )
        sealed, text = await cursor.fetchone() or (b"", "")

    assert unseal(core.settings, sealed) == "s3cret"
    assert "s3cret" not in text + str(shown)
    assert all("completion_webhook_secret" not in (answer or {}) for answer in shown)


async def test_an_address_that_may_not_be_called_is_refused(org: Tenant) -> None:
    """The field and the reason are named, and no job is made."""
    body = {"queue": "emails", "payload": 1, "completion_webhook": "https://10.0.0.1/"}

    refused = await org.post("/jobs", body, 400)

    assert "completion_webhook" in refused["message"]
    assert "Invalid webhook URL" in refused["message"]
    assert await org.get("/jobs") == []


async def test_a_bulk_refuses_such_a_job_alone(org: Tenant) -> None:
    """The others are made; the answer says which was not and why, also when none was."""
    good, bad = {"payload": 1, **CALL}, {"payload": 2, "completion_webhook": "ftp://example.com/"}

    mixed = await org.post("/jobs/bulk", {"queue": "emails", "jobs": [bad, good, bad]})
    none = await org.post("/jobs/bulk", {"queue": "emails", "jobs": [bad]})

    assert [item["index"] for item in mixed["succeeded"]] == [1]
    assert [item["index"] for item in mixed["failed"]] == [0, 2]
    assert "Invalid webhook URL" in mixed["failed"][0]["error"]
    assert (mixed["total"], mixed["success_count"], mixed["failure_count"]) == (3, 1, 2)
    assert (none["success_count"], none["failure_count"]) == (0, 1)
    assert len(await org.get("/jobs")) == 1
