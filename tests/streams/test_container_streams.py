"""The container beside the functions: it sees what they did, and ends when its workers are done."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import grpc
import httpx
import pytest

from functions.app import every_function
from shared.core import Core
from shared.edge.opening import open_core
from shared.edge.service import Service
from shared.settings import Settings
from shared.wire.proto import spooled_pb2 as pb
from tests.support.api import Api, Tenant
from tests.support.container import SECRET, running_container, variables
from tests.support.rpc import Rpc, health_of, rpc_client
from tests.support.run import Run
from tests.support.wait import wait_until

PATIENCE_SECONDS = 60.0
EMAILS = pb.StreamJobsRequest(queue_name="emails", worker_id="w1")


@pytest.fixture
def container(tmp_path: Path, settings: Settings) -> Iterator[Run]:
    """A container with time to drain."""
    with running_container(tmp_path, variables(settings) | {"DRAIN_SECONDS": "60"}) as run:
        yield run


@pytest.fixture
async def elsewhere(settings: Settings) -> AsyncIterator[Tenant]:
    """A new organization, by the API of another process than the container."""
    core = await open_core(settings.model_copy(update={"secret_key": SECRET}))

    async def opened() -> Core:
        return core

    transport = httpx.ASGITransport(Service(every_function()[0], opened))
    async with httpx.AsyncClient(transport=transport, base_url="http://spooled") as client:
        yield await Api(client).new_tenant()
    await core.close()


@pytest.fixture
async def rpc(container: Run, elsewhere: Tenant) -> AsyncIterator[Rpc]:
    """A gRPC client of the container."""
    async with rpc_client(container.grpc_address, elsewhere.key) as client:
        yield client


async def test_events_of_another_process_are_shown(container: Run, elsewhere: Tenant) -> None:
    """A job that was pushed by the API of the functions is told to who reads here."""
    headers = {"Authorization": f"Bearer {elsewhere.key}"}
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        httpx.AsyncClient(base_url=container.url, headers=headers) as client,
        client.stream("GET", "/api/v1/events") as response,
    ):
        lines = response.aiter_lines()
        assert (await anext(lines)).startswith("retry")
        job = await elsewhere.push()
        line = await anext(line async for line in lines if "JobCreated" in line)

    assert job["id"] in line


async def test_jobs_of_another_process_are_streamed(rpc: Rpc, elsewhere: Tenant) -> None:
    """A worker that waits on a stream here is sent the job that was pushed there."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        stream = rpc.open("StreamJobs", EMAILS)
        pushed = await elsewhere.push()
        job = await stream.read()

    assert job.id == pushed["id"]


async def test_the_end_waits_for_the_job_in_flight(container: Run, rpc: Rpc, elsewhere: Tenant) -> None:
    """After SIGTERM nothing is given out, the job may be completed, and then the process ends by itself."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        for _ in range(2):
            await elsewhere.push()
        stream = rpc.open("StreamJobs", EMAILS)
        job = await stream.read()
        container.process.send_signal(signal.SIGTERM)
        with grpc.insecure_channel(container.grpc_address) as channel:
            wait_until(lambda: health_of(channel) == "NOT_SERVING")
        assert (await rpc.refusal("Enqueue", queue_name="emails")).code == "UNAVAILABLE"
        assert container.process.poll() is None
        done = await rpc.call("Complete", job_id=job.id, worker_id="w1", lease_id=job.lease_id)
        code = await asyncio.to_thread(container.process.wait, PATIENCE_SECONDS)

    assert (done.success, code) == (True, 0)
    assert (await elsewhere.job(job.id))["status"] == "completed"
    assert "Traceback" not in container.said
