"""A job keeps the trace that it was pushed in: to its worker, through retries and into the archive."""

import logging
from typing import Any

import pytest

from tests.support.api import Tenant
from tests.support.steps import bury, complete, step, take

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OTHER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
STATE = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"
TRACED = {"traceparent": PARENT, "tracestate": STATE}


def trace_of(job: dict[str, Any]) -> dict[str, Any]:
    return {name: job[name] for name in ("traceparent", "tracestate") if name in job}


async def pushed(org: Tenant, headers: dict[str, str], path: str = "/jobs", **body: Any) -> Any:
    given = {"queue": "emails", "payload": {"n": 1}} | body
    return (await org.raw("POST", path, json=given, headers=headers)).json()


async def test_a_trace_goes_from_the_request_to_whoever_has_the_job(org: Tenant) -> None:
    """The answer of the push, each claim and each look show it, and so they do after a retry and the end."""
    job = await pushed(org, TRACED)
    first = await org.dequeue()
    await org.post(f"/jobs/{job['id']}/release")
    (second,) = (await org.post("/jobs/claim", {"queue": "emails", "worker_id": "w"}))["jobs"]
    dead = await org.post(f"/jobs/{job['id']}/fail", {"error": "broken", "no_retry": True})
    buried = await org.job(job["id"])
    retried = await org.post(f"/jobs/{job['id']}/retry")
    third = await org.dequeue()
    done = await org.post(f"/jobs/{job['id']}/complete", {"lease_id": third["lease_id"]})
    archived = await org.job(job["id"])

    seen = [job, first, second, dead, buried, retried, third, done, archived]
    assert [trace_of(answer) for answer in seen] == [TRACED] * len(seen)
    assert archived["status"] == "completed"


async def test_a_job_without_a_trace_is_answered_as_ever(org: Tenant) -> None:
    """No field is added for those who do not trace, and a header that is none is no error."""
    for headers in ({}, {"tracestate": STATE}, {"traceparent": "00-zz"}, {"traceparent": f"{PARENT}-x"}):
        job = await pushed(org, headers)
        taken = await org.dequeue()
        assert [trace_of(answer) for answer in (job, taken)] == [{}, {}]
        assert taken["id"] == job["id"]


async def test_a_trace_of_the_body_wins(org: Tenant) -> None:
    """A field that names a trace stands above the header, one that names none does not."""
    own = await pushed(org, TRACED, traceparent=OTHER)
    none = await pushed(org, TRACED, traceparent=["no", "text"], tracestate=7)

    assert trace_of(own) == {"traceparent": OTHER}
    assert trace_of(none) == TRACED


async def test_each_job_of_a_bulk_may_have_its_own(org: Tenant) -> None:
    """Those that name none belong to the request, all of them or but a few."""
    jobs = [{"payload": 1}, {"payload": 2, "traceparent": OTHER, "tracestate": "a=1"}, {"payload": 3}]
    for headers in (TRACED, {}):
        await pushed(org, headers, "/jobs/bulk", jobs=jobs)
        taken = (await org.post("/jobs/claim", {"queue": "emails", "worker_id": "w", "limit": 9}))["jobs"]
        found = {job["payload"]: trace_of(job) for job in taken}
        assert found == {1: headers, 2: {"traceparent": OTHER, "tracestate": "a=1"}, 3: headers}


async def test_a_known_key_keeps_the_first_trace(org: Tenant) -> None:
    """Who pushes again with the same idempotency key gets the job of the first, in its trace."""
    await pushed(org, TRACED, idempotency_key="once")
    again = await pushed(org, {"traceparent": OTHER}, idempotency_key="once")

    assert not again["created"]
    assert trace_of(again) == TRACED


async def test_all_steps_of_a_workflow_are_in_its_trace(org: Tenant) -> None:
    """A child is in the trace of the request that made the workflow, also one that fell and came back."""
    body = {"name": "w", "jobs": [step("a"), step("b", "a"), step("c", "b")]}
    made = (await org.raw("POST", "/workflows", json=body, headers=TRACED)).json()
    a = (await take(org))["a"]
    await complete(org, a)
    b = (await take(org))["b"]
    await bury(org, b)
    steps = {known["key"]: known["job_id"] for known in made["job_ids"]}
    fallen = await org.job(steps["c"])
    await org.post(f"/workflows/{made['id']}/retry")
    b_again = (await take(org))["b"]
    await complete(org, b_again)
    c = (await take(org))["c"]

    assert fallen["status"] == "cancelled"
    assert [trace_of(job) for job in (a, b, fallen, b_again, c)] == [TRACED] * 5


async def test_an_inbound_webhook_hands_its_trace_on(org: Tenant) -> None:
    """A job that a webhook makes belongs to the trace of who sent it."""
    token = (await org.get("/organizations/webhook-token"))["webhook_token"]
    headers = TRACED | {"X-Webhook-Token": token}
    await pushed(org, headers, f"/webhooks/{org.org_id}/custom")

    assert trace_of(await org.dequeue()) == TRACED


async def test_the_log_of_a_request_names_its_trace(
    org: Tenant, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who looks for a trace in the log finds the request that failed in it."""

    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("functions.jobs.create.enqueue_job", broken)
    with caplog.at_level(logging.ERROR):
        await pushed(org, TRACED | {"X-Request-Id": "r1"})

    assert "request r1 of trace 4bf92f3577b34da6a3ce929d0e0e4736 failed" in caplog.text
