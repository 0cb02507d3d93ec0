"""Following one job: how it stands, what becomes of it, and then the end."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from shared.core import Core
from shared.jobs.watch import present_status
from shared.settings import Settings
from tests.support.api import Tenant
from tests.support.live import held_up, new_teller
from tests.support.readers import reading
from tests.support.steps import complete, made, step, take

ENDS = ("completed", "cancelled", "deadletter")
UNKNOWN = ("job_0", "job_0000000000000", "nonsense", "job_zzzzzzzzzzzzz", "a" * 3000, "%C3%A9")


async def bring_to(org: Tenant, job: dict[str, Any], end: str) -> None:
    """The end of a job that is the next of its queue."""
    if end == "cancelled":
        await org.call("DELETE", f"/jobs/{job['id']}", 204)
        return
    await org.dequeue()
    way = "complete" if end == "completed" else "fail"
    await org.post(f"/jobs/{job['id']}/{way}", {"error": "broken", "no_retry": True})


async def test_a_job_is_followed_to_its_end(org: Tenant) -> None:
    """First how it stands, then each change of it and of no other, and after the last the stream closes."""
    job = await org.push()
    async with reading(org, f"/events/jobs/{job['id']}") as source:
        first = await source.next()
        await org.push("emails", priority=-1)
        await org.post("/jobs/claim", {"queue_name": "emails", "worker_id": "w", "limit": 2})
        await org.post(f"/jobs/{job['id']}/complete", {"result": {"sent": True}})
        rest = await source.rest()

    changes = [(frame.type, frame.event["data"].get("new_status")) for frame in [first, *rest]]
    assert first.event["data"] == {
        "job_id": job["id"],
        "queue_name": "emails",
        "old_status": "pending",
        "new_status": "pending",
        "timestamp": first.event["data"]["timestamp"],
    }
    assert changes == [
        ("JobStatusChange", "pending"),
        ("JobStatusChange", "processing"),
        ("JobStatusChange", "completed"),
        ("JobCompleted", None),
    ]
    assert rest[-1].event["data"]["result"] == {"sent": True}


async def test_a_failure_that_is_tried_again_is_not_the_end(org: Tenant) -> None:
    """The stream goes on, and says that the job will run again."""
    job = await org.push(max_retries=1)
    async with reading(org, f"/events/jobs/{job['id']}") as source:
        await org.dequeue()
        await org.post(f"/jobs/{job['id']}/fail", {"error": "once"})
        failed = await source.first("JobFailed")
        await org.call("DELETE", f"/jobs/{job['id']}", 204)
        rest = await source.rest()

    assert failed.event["data"]["will_retry"] is True
    assert (rest[-1].type, rest[-1].event["data"]["new_status"]) == ("JobStatusChange", "cancelled")


async def test_a_dead_job_is_the_end(org: Tenant) -> None:
    """The failure that buries a job is told whole before the stream closes."""
    job = await org.push()
    async with reading(org, f"/events/jobs/{job['id']}") as source:
        await org.dequeue()
        await org.post(f"/jobs/{job['id']}/fail", {"error": "broken", "no_retry": True})
        frames = await source.rest()

    assert [frame.type for frame in frames[-2:]] == ["JobStatusChange", "JobFailed"]
    assert frames[-2].event["data"]["new_status"] == "deadletter"
    assert frames[-1].event["data"]["error"] == "broken"


async def test_a_step_that_waits_is_followed(org: Tenant) -> None:
    """A job of a workflow is seen to become ready."""
    workflow = await made(org, step("a"), step("b", "a"))
    ids = {job["key"]: job["job_id"] for job in workflow["job_ids"]}
    async with reading(org, f"/events/jobs/{ids['b']}") as source:
        waiting = await source.next()
        await complete(org, (await take(org))["a"])
        ready = await source.next()

    assert (waiting.event["data"]["new_status"], ready.event["data"]["new_status"]) == (
        "scheduled",
        "pending",
    )


@pytest.mark.parametrize("end", ENDS)
async def test_a_job_that_is_settled_already_is_said_and_done(org: Tenant, end: str) -> None:
    """Its status is the only event; who then comes back by itself, as browsers do, is told to stop."""
    job = await org.push()
    await bring_to(org, job, end)
    async with reading(org, f"/events/jobs/{job['id']}") as source:
        frames = await source.rest()
    again = await org.raw("GET", f"/events/jobs/{job['id']}", headers={"Last-Event-ID": source.last_event_id})

    assert [frame.event["data"]["new_status"] for frame in frames] == [end]
    assert (again.status_code, again.content) == (204, b"")


@pytest.mark.parametrize("seen", ["its last event", "one behind it"])
@pytest.mark.parametrize("end", ENDS)
async def test_who_comes_back_behind_the_end_is_told_how_it_stands(
    org: Tenant, end: str, seen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was missed and nothing follows, so the stream says the status and is over."""
    monkeypatch.setattr("shared.edge.streaming.reader._ON_ITS_WAY_SECONDS", 0.05)
    async with reading(org) as everything:
        job = await org.push()
        await bring_to(org, job, end)
        marker = await org.push("marker")
        while (frame := (await everything.told(1))[0]).event["data"]["job_id"] != marker["id"]:
            last = frame
    back = {"Last-Event-ID": (last if seen == "its last event" else frame).last_event_id}
    async with reading(org, f"/events/jobs/{job['id']}", headers=back) as source:
        frames = await source.rest()

    assert [(frame.type, frame.event["data"]["new_status"]) for frame in frames] == [("JobStatusChange", end)]
    assert source.last_event_id == "end"


@pytest.mark.parametrize("after", ["1-1", "1-1.1"])
async def test_after_a_gap_a_job_that_is_settled_is_over(org: Tenant, after: str) -> None:
    """Whatever part of a change the id stands behind that is held no more."""
    job = await org.push()
    await bring_to(org, job, "completed")
    async with reading(org, f"/events/jobs/{job['id']}", headers={"Last-Event-ID": after}) as source:
        frames = await source.rest()

    assert [frame.type for frame in frames] == ["EventsLost", "JobStatusChange"]
    assert source.last_event_id == "end"


async def test_an_end_that_is_on_its_way_is_waited_for(
    org: Tenant, core: Core, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who comes back before the end of the job has been heard of here is told all of it, once."""
    assert core.hub is not None
    is_looked_up = asyncio.Event()

    async def looked_up(*arguments: Any) -> Any:
        status = await present_status(*arguments)
        is_looked_up.set()
        return status

    job = await org.push()
    async with reading(org, f"/events/jobs/{job['id']}") as source:
        await source.next()
    monkeypatch.setattr("shared.edge.streaming.job.present_status", looked_up)
    back = {"Last-Event-ID": source.last_event_id}
    async with AsyncExitStack() as opened:
        async with new_teller(settings) as teller, held_up(core.hub, teller):
            await bring_to(org, job, "completed")
            coming = reading(org, f"/events/jobs/{job['id']}", headers=back)
            source = await opened.enter_async_context(coming)
            await is_looked_up.wait()
        frames = await source.rest()

    assert [frame.event["data"].get("new_status") for frame in frames] == ["processing", "completed", None]


async def test_who_comes_back_to_a_job_that_is_not_there_is_told_so(org: Tenant) -> None:
    """An id to come back with does not make a stream of nothing stay open."""
    async with reading(org) as everything:
        await org.push()
        (seen,) = await everything.told(1)
    back = {"Last-Event-ID": seen.last_event_id}
    async with reading(org, "/events/jobs/job_0000000000000", headers=back) as source:
        frames = await source.rest()

    assert [(frame.type, frame.event["data"]["message"]) for frame in frames] == [("Error", "Job not found")]


@pytest.mark.parametrize("job_id", UNKNOWN)
async def test_a_job_that_is_not_there_is_an_error_event(org: Tenant, job_id: str) -> None:
    """The stream says so and closes."""
    async with reading(org, f"/events/jobs/{job_id}") as source:
        frames = await source.rest()

    assert [(frame.type, frame.event["data"]["message"]) for frame in frames] == [("Error", "Job not found")]


async def test_the_job_of_another_is_not_there(org: Tenant, other_org: Tenant) -> None:
    """Neither another organization nor a key for other queues learns that there is such a job."""
    job = await org.push()
    for stranger in (other_org, await org.with_key(queues=["payroll"])):
        async with reading(stranger, f"/events/jobs/{job['id']}") as source:
            frames = await source.rest()
        assert [frame.type for frame in frames] == ["Error"]


async def test_who_comes_back_to_a_job_misses_no_change(org: Tenant) -> None:
    """With the id of the last event the changes since then are told, and not how it stands."""
    job = await org.push()
    async with reading(org, f"/events/jobs/{job['id']}") as source:
        await source.next()
    await org.dequeue()
    await org.post(f"/jobs/{job['id']}/complete", {})
    back = {"Last-Event-ID": source.last_event_id}
    async with reading(org, f"/events/jobs/{job['id']}", headers=back) as source:
        frames = await source.rest()

    assert [frame.event["data"].get("new_status") for frame in frames] == ["processing", "completed", None]


async def test_after_a_gap_it_is_said_how_the_job_stands(org: Tenant) -> None:
    """Who comes back with an id that is not held sees that something is lost, and the present status."""
    job = await org.push()
    await org.dequeue()
    back = {"Last-Event-ID": "1-1"}
    async with reading(org, f"/events/jobs/{job['id']}", headers=back) as source:
        lost, present = await source.next(), await source.next()

    assert (lost.type, present.event["data"]["new_status"]) == ("EventsLost", "processing")


async def test_figures_of_a_queue_are_told_at_once_and_when_it_changes(org: Tenant) -> None:
    """The stream of a queue has its figures alone, of no other queue."""
    await org.push("emails")
    async with reading(org, "/events/queues/emails") as source:
        first = await source.next()
        await org.push("payroll")
        await org.push("emails")
        second = await source.next()

    assert [(frame.type, frame.event["data"]["pending"]) for frame in (first, second)] == [
        ("QueueStats", 1),
        ("QueueStats", 2),
    ]
    assert {"queue_name", "pending", "processing", "completed", "failed"} <= first.event["data"].keys()
    assert first.event["data"]["queue_name"] == second.event["data"]["queue_name"] == "emails"


async def test_a_queue_that_is_not_there_yet_can_be_watched(org: Tenant) -> None:
    """A queue comes into being with its first job, which its stream then counts."""
    key = await org.with_key(permissions=["queues:read"])
    async with reading(key, "/events/queues/later") as source:
        await org.push("later")
        while (frame := await source.next()).event["data"]["pending"] != 1:
            pass

    assert frame.event["data"]["queue_name"] == "later"
