"""What protobuf cannot carry of a REST payload, and all that it can."""

from typing import Any

import grpc
import pytest
from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct

from shared.wire.proto import spooled_pb2 as pb
from tests.support.api import Tenant
from tests.support.rpc import Rpc

LARGEST = 1.7976931348623157e308


def nested(levels: int, *, lists: bool) -> Any:
    """An object with so many objects, or lists, one in the other."""
    value: Any = 1
    for _ in range(levels):
        value = [value] if lists else {"a": value}
    return {"a": value}


async def received(rpc: Rpc, job_id: str) -> Any:
    """The payload as a client's own tools read it."""
    job = (await rpc.call("GetJob", job_id=job_id)).job
    assert job.HasField("payload")
    return MessageToDict(job.payload)


@pytest.mark.parametrize("payload", [None, 5, "text", True, [1, {"a": 2}], {}])
async def test_a_payload_that_is_no_object_is_empty(rpc: Rpc, org: Tenant, payload: Any) -> None:
    """What is no JSON object arrives as an empty one, and the job can be worked on."""
    job = await org.push(payload=payload)
    (taken,) = (await rpc.call("Dequeue", queue_name="emails", worker_id="w1")).jobs

    assert MessageToDict(taken.payload) == await received(rpc, job["id"]) == {}


async def test_a_result_that_is_no_object_is_empty(rpc: Rpc, org: Tenant) -> None:
    """A result of another kind is there and empty; a job without a result has none."""
    job = await org.push()
    await org.dequeue()
    before = (await rpc.call("GetJob", job_id=job["id"])).job
    await org.post(f"/jobs/{job['id']}/complete", {"result": [1, 2]})
    after = (await rpc.call("GetJob", job_id=job["id"])).job

    assert not before.HasField("result")
    assert after.HasField("result")
    assert dict(after.result) == {}


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (2**53, 2.0**53),
        (2**53 + 1, 2.0**53),
        (2**63, 2.0**63),
        (10**30, 1e30),
        (10**400, LARGEST),
        (-(10**400), -LARGEST),
        (0.1, 0.1),
        (-0.0, 0.0),
    ],
)
async def test_numbers_become_doubles(rpc: Rpc, org: Tenant, sent: float, read: float) -> None:
    """An integer from 2^53 loses digits, and one beyond all doubles becomes the largest of them."""
    job = await org.push(payload={"n": sent})

    assert (await received(rpc, job["id"]))["n"] == read


async def test_members_that_are_null_are_kept(rpc: Rpc, org: Tenant) -> None:
    """A null is a value, in objects and in lists, and so is an empty text, object or list."""
    payload = {"a": None, "b": [None, {"c": None}], "": "", "d": {}, "e": []}
    job = await org.push(payload=payload)

    assert await received(rpc, job["id"]) == payload


async def test_text_of_all_alphabets(rpc: Rpc, org: Tenant) -> None:
    """Text goes through as it is, in keys and in values."""
    payload = {"ключ": "значение", "👩‍👩‍👧": "\u2028\x01\x7f", "q": '"\\'}
    job = await org.push(payload=payload)
    again = await rpc.call("Enqueue", queue_name="emails", payload=payload)

    assert await received(rpc, job["id"]) == (await org.job(again.job_id))["payload"] == payload


@pytest.mark.parametrize(("levels", "lists"), [(32, False), (48, True)])
async def test_what_comes_in_goes_out(rpc: Rpc, org: Tenant, levels: int, lists: bool) -> None:  # noqa: FBT001
    """The deepest payload that protobuf takes is given to workers by protobuf, alone and on a stream."""
    payload = nested(levels, lists=lists)
    made = await rpc.call("Enqueue", queue_name="emails", payload=payload)

    job = (await rpc.call("GetJob", job_id=made.job_id)).job
    in_a_stream = pb.ProcessResponse.FromString(pb.ProcessResponse(job=job).SerializeToString())

    assert (await org.job(made.job_id))["payload"] == payload
    assert MessageToDict(in_a_stream.job.payload) == payload


@pytest.mark.parametrize(("levels", "lists"), [(33, False), (49, True), (100, True), (100, False)])
async def test_a_payload_that_is_too_deep_is_empty(
    rpc: Rpc,
    org: Tenant,
    levels: int,
    lists: bool,  # noqa: FBT001
) -> None:
    """A REST payload that clients could not read stops no worker: it arrives as an empty object."""
    job = await org.push(payload=nested(levels, lists=lists))

    assert await received(rpc, job["id"]) == {}


@pytest.mark.parametrize("levels", [33, 100])
async def test_a_message_that_is_too_deep_is_refused(rpc: Rpc, levels: int) -> None:
    """What goes deeper than protobuf's parsers is no message, and refused like any other mistake."""
    request = pb.EnqueueRequest(queue_name="emails")
    value = request.payload.fields["a"]
    for _ in range(levels):
        value = value.struct_value.fields["a"]
    value.number_value = 1

    with pytest.raises(grpc.aio.AioRpcError, match="nested deeper") as refused:
        await rpc.open("Enqueue", request)

    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_a_value_without_a_kind_is_null(rpc: Rpc, org: Tenant) -> None:
    """A client may leave the kind of a value out, and then it said nothing."""
    struct = Struct()
    struct.fields["a"].SetInParent()

    made = await rpc.call("Enqueue", queue_name="emails", payload=struct)

    assert (await org.job(made.job_id))["payload"] == {"a": None}


async def test_a_large_payload_passes(rpc: Rpc, org: Tenant) -> None:
    """A payload of some hundred kilobytes goes in and out whole."""
    payload = {"items": [{"n": float(n), "text": "x" * 100} for n in range(2_000)]}
    made = await rpc.call("Enqueue", queue_name="emails", payload=payload)
    (job,) = (await rpc.call("Dequeue", queue_name="emails", worker_id="w1")).jobs

    assert MessageToDict(job.payload) == payload == (await org.job(made.job_id))["payload"]
