"""The end of a process: what is in flight is finished, nothing new is begun, and then it stops."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2

from functions.streams.app import every_method
from shared.core import Core
from shared.edge.rpc import RpcServer
from tests.support.api import Tenant
from tests.support.rpc import Rpc, rpc_client
from tests.support.streams import SOON, asked, dequeue, end_of, next_of, streaming
from tests.support.until import until, until_consumers_wait

LONG = 60.0


@pytest.fixture
async def server(core: Core) -> AsyncIterator[RpcServer]:
    """A server that a test drains."""
    made = RpcServer(core, every_method())
    yield made
    await made.stop()


@pytest.fixture
async def rpc(server: RpcServer, org: Tenant) -> AsyncIterator[Rpc]:
    """A client of that server."""
    async with rpc_client(f"127.0.0.1:{await server.start('127.0.0.1:0')}", org.key) as client:
        yield client


async def draining(server: RpcServer, core: Core, seconds: float = LONG) -> "asyncio.Task[None]":
    """The drain, begun."""
    task = asyncio.create_task(server.drain(seconds))

    async def has_begun() -> bool:
        return core.streams.is_ending

    await until(has_begun)
    return task


async def health_of(rpc: Rpc) -> int:
    check = rpc.channel.unary_unary(
        "/grpc.health.v1.Health/Check",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    answer = await check(health_pb2.HealthCheckRequest())
    return int(answer.status)


async def test_an_idle_process_ends_at_once(server: RpcServer, rpc: Rpc, core: Core) -> None:
    """Streams that wait for jobs, or for requests, end with UNAVAILABLE; nobody is waited for."""
    streams = [streaming(rpc), streaming(rpc), rpc.open("ProcessJobs")]
    await asked(streams[2], renew_lease={"job_id": "job_unknown", "worker_id": "w1"})
    await until_consumers_wait(core, 2)

    before = monotonic()
    await server.drain(LONG)

    assert monotonic() - before < SOON
    for stream in streams:
        code, text = await end_of(stream)
        assert code == "UNAVAILABLE"
        assert "shutting down" in text


async def test_a_job_in_flight_is_waited_for(server: RpcServer, rpc: Rpc, org: Tenant, core: Core) -> None:
    """Its worker renews and completes it, gets nothing more, and with that the drain is over."""
    await org.push()
    second = await org.push()
    stream = streaming(rpc)
    job = await next_of(stream)

    drain = await draining(server, core)
    renewed = await rpc.call("RenewLease", job_id=job.id, worker_id="w1", lease_id=job.lease_id)
    assert not drain.done()
    await rpc.call("Complete", job_id=job.id, worker_id="w1", lease_id=job.lease_id)
    await asyncio.wait_for(drain, SOON)

    assert renewed.success
    assert (await end_of(stream))[0] == "UNAVAILABLE"
    assert (await org.job(second["id"]))["status"] == "pending"


async def test_nothing_new_is_begun(server: RpcServer, rpc: Rpc, org: Tenant, core: Core) -> None:
    """What takes or makes work is UNAVAILABLE, what settles it or says that a worker is there is served."""
    await org.push()
    await rpc.call("Register", worker_id="w1", queue_name="emails", hostname="h")
    stream = streaming(rpc)
    job = await next_of(stream)
    drain = await draining(server, core)

    refused = [
        await rpc.refusal("Enqueue", queue_name="emails"),
        await rpc.refusal("Dequeue", queue_name="emails", worker_id="w1"),
        await rpc.refusal("Register", worker_id="w2", queue_name="emails", hostname="h"),
    ]
    assert {refusal.code for refusal in refused} == {"UNAVAILABLE"}
    assert (await end_of(streaming(rpc)))[0] == "UNAVAILABLE"
    assert (await end_of(rpc.open("ProcessJobs")))[0] == "UNAVAILABLE"
    assert await health_of(rpc) == health_pb2.HealthCheckResponse.NOT_SERVING
    assert (await rpc.call("Heartbeat", worker_id="w1")).acknowledged
    assert (await rpc.call("Fail", job_id=job.id, worker_id="w1", error="x")).success
    assert (await rpc.call("Deregister", worker_id="w1")).success
    await asyncio.wait_for(drain, SOON)


async def test_a_conversation_goes_on_until_its_jobs_are_settled(
    server: RpcServer, rpc: Rpc, org: Tenant, core: Core
) -> None:
    """A dequeue is answered with UNAVAILABLE; completes are taken, and with the last one the stream ends."""
    for _ in range(3):
        await org.push()
    stream = rpc.open("ProcessJobs")
    jobs = [(await asked(stream, dequeue=dequeue(2))).job, (await next_of(stream)).job]
    drain = await draining(server, core)

    refusal = (await asked(stream, dequeue=dequeue())).error
    answers: list[Any] = [
        await asked(stream, complete={"job_id": job.id, "worker_id": "w1", "lease_id": job.lease_id})
        for job in jobs
    ]
    await asyncio.wait_for(drain, SOON)

    assert refusal.code == "UNAVAILABLE"
    assert all(answer.complete.success for answer in answers)
    assert (await end_of(stream))[0] == "UNAVAILABLE"


async def test_a_worker_that_does_not_settle_is_not_waited_for_without_end(
    server: RpcServer, rpc: Rpc, org: Tenant, core: Core
) -> None:
    """After the seconds that were given the process ends; the job stays its worker's for its lease."""
    pushed = await org.push()
    stream = streaming(rpc)
    await next_of(stream)
    await server.drain(0.2)
    assert len(core.streams) == 1
    await server.stop()

    with pytest.raises(grpc.aio.AioRpcError):
        await asyncio.wait_for(stream.read(), SOON)
    assert (await org.job(pushed["id"]))["status"] == "processing"
