"""Pushing jobs by gRPC: the rules of REST, in messages."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from shared.core import Core
from tests.support.api import Tenant
from tests.support.rpc import Rpc


async def test_a_pushed_job_is_there_by_rest(rpc: Rpc, org: Tenant) -> None:
    """Everything that a message says of a job is what REST then shows of it."""
    payload = {"to": "a@b.example", "n": 5, "rate": 0.5, "none": None, "deep": {"list": [1, "two", True]}}
    answer = await rpc.call(
        "Enqueue",
        queue_name="emails",
        payload=payload,
        priority=7,
        max_retries=9,
        timeout_seconds=60,
        idempotency_key="first",
        tags={"team": "a"},
    )

    job = await org.job(answer.job_id)
    assert answer.created
    assert (job["queue_name"], job["payload"]) == ("emails", payload)
    assert (job["priority"], job["max_retries"], job["timeout_seconds"]) == (7, 9, 60)
    assert (job["idempotency_key"], job["tags"]) == ("first", {"team": "a"})


async def test_what_is_unset_is_the_queues_default(rpc: Rpc, org: Tenant) -> None:
    """0 in retries and timeout, an empty key and no payload say nothing: 3, 300, none and an empty object."""
    answer = await rpc.call("Enqueue", queue_name="emails", max_retries=0, idempotency_key="")

    job = await org.job(answer.job_id)
    assert (job["max_retries"], job["timeout_seconds"], job["priority"]) == (3, 300, 0)
    assert (job["payload"], job["idempotency_key"], job["tags"]) == ({}, None, None)
    assert job["scheduled_at"] is None


async def test_a_known_key_gives_the_first_job(rpc: Rpc) -> None:
    """The same idempotency key makes one job, and the second answer says that it was not made."""
    first = await rpc.call("Enqueue", queue_name="emails", idempotency_key="once")
    second = await rpc.call("Enqueue", queue_name="emails", idempotency_key="once")

    assert (first.created, second.created) == (True, False)
    assert first.job_id == second.job_id


async def test_a_job_of_the_future_is_scheduled(rpc: Rpc, org: Tenant, core: Core) -> None:
    """A time that lies ahead is kept to the microsecond, and the job waits for it."""
    due = core.clock().replace(microsecond=123_456) + timedelta(hours=1)
    moment = Timestamp()
    moment.FromDatetime(due)

    answer = await rpc.call("Enqueue", queue_name="emails", scheduled_at=moment)

    job = await org.job(answer.job_id)
    assert job["status"] == "scheduled"
    assert datetime.fromisoformat(job["scheduled_at"]).astimezone(UTC) == due


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (5.0, 5),
        (-3.0, -3),
        (0.25, 0.25),
        (2.0**53, 2**53),
        (2.0**62, 2**62),
        (1e300, 1e300),
        (5e-324, 5e-324),
    ],
)
async def test_numbers_are_doubles(rpc: Rpc, org: Tenant, sent: float, read: float) -> None:
    """A whole number arrives as one, without a point; all others as the doubles they are."""
    answer = await rpc.call("Enqueue", queue_name="emails", payload={"n": sent})

    number = (await org.job(answer.job_id))["payload"]["n"]
    assert number == read
    assert type(number) is type(read)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
async def test_numbers_that_json_has_not_are_refused(rpc: Rpc, number: float) -> None:
    """NaN and the infinities fit into a double, and into no JSON."""
    refusal = await rpc.refusal("Enqueue", queue_name="emails", payload={"a": [{"n": number}]})

    assert refusal.code == "INVALID_ARGUMENT"
    assert "payload" in refusal.text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"queue_name": ""}, "Queue name"),
        ({"queue_name": "no spaces"}, "Queue name"),
        ({"queue_name": "x" * 101}, "Queue name"),
        ({"priority": 101}, "priority"),
        ({"priority": -101}, "priority"),
        ({"max_retries": 101}, "max_retries"),
        ({"max_retries": -1}, "max_retries"),
        ({"timeout_seconds": 86_401}, "timeout_seconds"),
        ({"timeout_seconds": -1}, "timeout_seconds"),
        ({"idempotency_key": "k" * 256}, "idempotency_key"),
        ({"payload": {"a": "\x00"}}, "payload"),
        ({"payload": {"\x00": 1}}, "payload"),
        ({"tags": {"a": "\x00"}}, "tags"),
        ({"scheduled_at": Timestamp(seconds=10**15)}, "scheduled_at"),
        ({"scheduled_at": Timestamp(seconds=-5)}, "scheduled_at"),
    ],
)
async def test_what_breaks_a_rule_is_refused(rpc: Rpc, fields: dict[str, Any], said: str) -> None:
    """A value out of its bounds is INVALID_ARGUMENT, and the text names it as clients look for it."""
    refusal = await rpc.refusal("Enqueue", **{"queue_name": "emails"} | fields)

    assert refusal.code == "INVALID_ARGUMENT"
    assert said in refusal.text
