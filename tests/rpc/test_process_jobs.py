"""A worker that asks all on one stream: each request has its answer, in order, and errors are answers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from shared.core import Core
from shared.wire.proto import spooled_pb2 as pb
from tests.support.api import Tenant
from tests.support.clock import MovingClock
from tests.support.rpc import Rpc
from tests.support.streams import SOON, asked, dequeue, end_of, next_of
from tests.support.until import until


@pytest.fixture
async def stream(rpc: Rpc) -> AsyncIterator[Any]:
    """An open stream."""
    opened = rpc.open("ProcessJobs")
    yield opened
    opened.cancel()


async def refused(stream: Any, **request: Any) -> tuple[str, str]:
    """The code and text of the error that answers a request."""
    answer = await asked(stream, **request)
    assert answer.WhichOneof("response") == "error", answer
    return answer.error.code, answer.error.message


async def test_a_worker_lives_on_one_stream(stream: Any, org: Tenant) -> None:
    """It takes a job, renews its lease, completes it, and fails another."""
    first, second = await org.push(), await org.push(max_retries=0)

    job = (await asked(stream, dequeue=dequeue())).job
    renewed = (await asked(stream, renew_lease={"job_id": job.id, "worker_id": "w1"})).renew_lease
    done = (await asked(stream, complete={"job_id": job.id, "worker_id": "w1", "result": {"n": 1}})).complete
    other = (await asked(stream, dequeue=dequeue())).job
    failed = (await asked(stream, fail={"job_id": other.id, "worker_id": "w1", "error": "x"})).fail

    assert [job.id, other.id] == [first["id"], second["id"]]
    assert renewed.success
    assert renewed.HasField("new_expires_at")
    assert done.success
    assert (failed.success, failed.will_retry) == (True, False)
    assert (await org.job(job.id))["result"] == {"n": 1}
    assert (await org.job(other.id))["status"] == "deadletter"


async def test_a_batch_comes_as_one_message_for_each_job(stream: Any, org: Tenant) -> None:
    """A dequeue of three gives three messages, one of an empty queue none, and the next answer follows."""
    pushed = [(await org.push())["id"] for _ in range(3)]

    jobs = [(await asked(stream, dequeue=dequeue(10))).job] + [(await next_of(stream)).job for _ in range(2)]
    await stream.write(pb.ProcessRequest(dequeue=dequeue(10)))
    after = await asked(stream, complete={"job_id": pushed[0], "worker_id": "w1"})

    assert [job.id for job in jobs] == pushed
    assert after.complete.success


async def test_answers_come_in_the_order_of_the_requests(stream: Any, org: Tenant) -> None:
    """A hundred requests that are sent without waiting are answered one after the other."""
    for _ in range(50):
        await org.push()
    for number in range(50):
        await stream.write(pb.ProcessRequest(dequeue=dequeue()))
        await stream.write(pb.ProcessRequest(renew_lease={"job_id": f"job_{number}", "worker_id": "w1"}))

    kinds = [(await next_of(stream)).WhichOneof("response") for _ in range(100)]

    assert kinds == ["job", "error"] * 50


@pytest.mark.parametrize(
    ("request_", "code", "text"),
    [
        ({"dequeue": {"queue_name": "", "worker_id": "w1"}}, "INVALID_ARGUMENT", "Queue name"),
        ({"dequeue": {"queue_name": "emails"}}, "INVALID_ARGUMENT", "Worker ID"),
        ({"dequeue": dequeue(101)}, "INVALID_ARGUMENT", "batch_size"),
        ({"complete": {"job_id": "job_unknown", "worker_id": "w1"}}, "NOT_FOUND", "not found"),
        ({"fail": {"job_id": "job_unknown", "worker_id": "w1"}}, "NOT_FOUND", "not found"),
        ({"renew_lease": {"job_id": "job_unknown", "worker_id": "w1"}}, "NOT_FOUND", "not found"),
        ({}, "INVALID_ARGUMENT", "request"),
    ],
)
async def test_an_error_is_an_answer(
    stream: Any, org: Tenant, request_: dict[str, Any], code: str, text: str
) -> None:
    """It has a code and a text, and the stream stays open."""
    told = await refused(stream, **request_)
    job = await org.push()

    assert told[0] == code
    assert text in told[1]
    assert (await asked(stream, dequeue=dequeue())).job.id == job["id"]


async def test_a_lost_lease_is_told_by_its_code(stream: Any, org: Tenant, clock: MovingClock) -> None:
    """LEASE_EXPIRED for a lease that lapsed, and for one that is not the job's; other conflicts differ."""
    await org.push()
    job = (await asked(stream, dequeue=dequeue())).job
    of_another = {"job_id": job.id, "worker_id": "w1", "lease_id": "lease_0"}
    wrong = await refused(stream, complete=of_another)
    clock.advance(seconds=3600)
    lapsed = await refused(stream, complete={"job_id": job.id, "worker_id": "w1", "lease_id": job.lease_id})
    await org.push("other")
    held = await org.dequeue("other")
    await org.post(f"/jobs/{held['id']}/complete")
    settled = await refused(stream, complete={"job_id": held["id"], "worker_id": "w1"})

    assert wrong[0] == "LEASE_EXPIRED"
    assert "does not match the job's current lease" in wrong[1]
    assert lapsed == ("LEASE_EXPIRED", "Lease expired")
    assert settled == ("FAILED_PRECONDITION", "Job is already completed")


async def test_a_queue_that_the_key_is_not_for_is_refused(rpc: Rpc, org: Tenant) -> None:
    """The scope of a key applies to each request, and the stream stays open for its own queue."""
    narrow = await org.with_key(queues=["other"])
    stream = rpc.with_key(narrow.key).open("ProcessJobs")
    job = await org.push("other")

    assert (await refused(stream, dequeue=dequeue()))[0] == "PERMISSION_DENIED"
    assert (await asked(stream, dequeue=dequeue(queue_name="other"))).job.id == job["id"]


async def test_each_request_costs_a_token_of_the_rate(rpc: Rpc, org: Tenant) -> None:
    """A key of five requests a minute has four on a stream that it opened, and then an error as answer."""
    slow = await org.with_key(rate_limit=5)
    stream = rpc.with_key(slow.key).open("ProcessJobs")
    unknown = {"job_id": "job_unknown", "worker_id": "w1"}

    codes = [(await refused(stream, renew_lease=unknown))[0] for _ in range(6)]

    assert codes == ["NOT_FOUND"] * 4 + ["RESOURCE_EXHAUSTED"] * 2


async def test_garbage_is_an_error_and_no_end(rpc: Rpc, org: Tenant) -> None:
    """Bytes that are no request are refused in their turn, and the next request is answered."""
    begin = rpc.channel.stream_stream(
        "/spooled.v1.QueueService/ProcessJobs", response_deserializer=pb.ProcessResponse.FromString
    )
    stream = begin(metadata=[("x-api-key", rpc.key)])
    job = await org.push()
    await stream.write(b"\xff\xfe\xfd not protobuf")
    refusal = (await next_of(stream)).error
    await stream.write(pb.ProcessRequest(dequeue=dequeue()).SerializeToString())

    assert refusal.code == "INVALID_ARGUMENT"
    assert (await next_of(stream)).job.id == job["id"]
    stream.cancel()


async def test_a_client_that_is_done_ends_the_stream(stream: Any, org: Tenant) -> None:
    """The end of the requests is the end of the stream; what was taken is left to its lease."""
    pushed = await org.push()
    await asked(stream, dequeue=dequeue())
    await stream.done_writing()

    assert await asyncio.wait_for(stream.read(), SOON) is grpc.aio.EOF
    assert (await stream.code()) is grpc.StatusCode.OK
    assert (await org.job(pushed["id"]))["status"] == "processing"


async def test_what_is_not_settled_goes_back_when_the_client_said_so(rpc: Rpc, org: Tenant) -> None:
    """With `x-release-on-cancel` a cancelled stream gives back all that it took and did not settle."""
    pushed = [(await org.push())["id"] for _ in range(3)]
    stream = rpc.open("ProcessJobs", metadata=[("x-release-on-cancel", "true")])
    await asked(stream, dequeue=dequeue(3))
    for _ in range(2):
        await next_of(stream)
    await asked(stream, complete={"job_id": pushed[0], "worker_id": "w1"})
    stream.cancel()

    async def are_back() -> bool:
        return [(await org.job(job_id))["status"] for job_id in pushed[1:]] == ["pending"] * 2

    await until(are_back)
    assert (await org.job(pushed[0]))["status"] == "completed"


async def test_a_client_that_does_not_read_is_not_served_ahead(rpc: Rpc, org: Tenant, core: Core) -> None:
    """Requests wait in the client once its answers do not leave: nothing piles up here."""
    # Some megabytes fit into what lies between the two.
    big = "x" * 900_000
    for _ in range(24):
        await org.push(payload={"text": big})
    stream = rpc.open("ProcessJobs")

    async def ask() -> None:
        for _ in range(24):
            await stream.write(pb.ProcessRequest(dequeue=dequeue()))

    asking = asyncio.create_task(ask())
    held = -1

    async def stands_still() -> bool:
        nonlocal held
        before, held = held, len(core.in_flight.flights())
        await org.get("/queues/emails/stats")
        return 0 < held == before

    await until(stands_still)
    asking.cancel()
    stream.cancel()

    assert held < 24


async def test_a_revoked_key_ends_the_stream(rpc: Rpc, org: Tenant) -> None:
    """Though the client says nothing, it learns at once that its key is no good."""
    made = await org.post(f"/organizations/{org.org_id}/api-keys", {"name": "Stream"}, 201)
    stream = rpc.with_key(made["key"]).open("ProcessJobs")
    await refused(stream, renew_lease={"job_id": "job_unknown", "worker_id": "w1"})
    await org.delete(f"/api-keys/{made['id']}")

    assert (await end_of(stream))[0] == "UNAUTHENTICATED"
