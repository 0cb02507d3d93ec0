"""Traces by gRPC: metadata in and, as messages have no field for them, metadata out."""

from shared.wire.proto import spooled_pb2 as pb
from tests.support.api import Tenant
from tests.support.rpc import Rpc

TRACED = {
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "tracestate": "congo=t61rcWkgMzE",
}


async def trace_behind(call: object) -> dict[str, str]:
    """The metadata behind the answer of a call, what of it is a trace."""
    await call  # type: ignore[misc]
    sent = dict(await call.trailing_metadata())  # type: ignore[attr-defined]
    return {name: sent[name] for name in TRACED if name in sent}


async def test_a_trace_goes_in_and_out_by_metadata(rpc: Rpc, org: Tenant) -> None:
    """What Enqueue was called with stands behind Dequeue of one job and GetJob, and REST shows it too."""
    made = await rpc.call("Enqueue", list(TRACED.items()), queue_name="emails")
    shown = await org.job(made.job_id)
    taken = rpc.open("Dequeue", pb.DequeueRequest(queue_name="emails", worker_id="w"))
    read = rpc.open("GetJob", pb.GetJobRequest(job_id=made.job_id))

    assert {name: shown[name] for name in TRACED} == TRACED
    assert await trace_behind(taken) == await trace_behind(read) == TRACED


async def test_what_is_none_is_no_error(rpc: Rpc) -> None:
    """Metadata that is no trace pushes a job without one, and nothing stands behind an answer of several."""
    await rpc.call("Enqueue", [("traceparent", "00-0-0-0")], queue_name="emails")
    untraced = rpc.open("Dequeue", pb.DequeueRequest(queue_name="emails", worker_id="w"))
    assert len((await untraced).jobs) == 1
    for _ in range(2):
        await rpc.call("Enqueue", list(TRACED.items()), queue_name="emails")
    several = rpc.open("Dequeue", pb.DequeueRequest(queue_name="emails", worker_id="w", batch_size=2))

    assert len((await several).jobs) == 2
    assert await trace_behind(untraced) == await trace_behind(several) == {}
