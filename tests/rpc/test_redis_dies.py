"""Redis dies under workers that are at work, and comes back: they go on, and each job is theirs once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from functions.streams.app import every_method
from shared.core import Core
from shared.edge.opening import open_core
from shared.settings import Settings
from shared.wire.proto import spooled_pb2 as pb
from tests.support.api import Tenant
from tests.support.mortal import Mortal, mortal_redis
from tests.support.rpc import Rpc, rpc_client, rpc_served
from tests.support.streams import dequeue, next_of, streaming
from tests.support.until import until, until_consumers_wait

UNKNOWN = {"job_id": "job_unknown", "worker_id": "w1"}


@dataclass
class Process:
    core: Core
    rpc: Rpc


@dataclass
class Work:
    """What was pushed, and what came to workers."""

    org: Tenant
    pushed: list[str] = field(default_factory=list)
    came: list[str] = field(default_factory=list)

    async def push(self, process: Process, count: int = 3) -> None:
        for _ in range(count):
            self.pushed.append((await process.rpc.call("Enqueue", queue_name="emails")).job_id)

    async def has_come(self) -> bool:
        return len(self.came) >= len(self.pushed)

    async def is_done_once(self) -> bool:
        """Whether all that was pushed came once, was taken once, and is completed."""
        jobs = [await self.org.job(job_id) for job_id in self.pushed]
        assert Counter(self.came) == Counter(self.pushed)
        assert {job["attempts"] for job in jobs} == {1}
        return {job["status"] for job in jobs} == {"completed"}


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Mortal]:
    with mortal_redis(tmp_path) as running:
        yield running


@asynccontextmanager
async def process(settings: Settings, key: str) -> AsyncIterator[Process]:
    """One more process, and a client of it."""
    core = await open_core(settings)
    try:
        async with rpc_served(core, every_method()) as address, rpc_client(address, key) as rpc:
            yield Process(core, rpc)
    finally:
        await core.close()


@pytest.fixture
async def processes(settings: Settings, redis: Mortal, org: Tenant) -> AsyncIterator[list[Process]]:
    """Two on one database, with that Redis."""
    own = settings.model_copy(update={"redis_url": redis.url})
    async with AsyncExitStack() as opened:
        yield [await opened.enter_async_context(process(own, org.key)) for _ in range(2)]


@pytest.fixture
def work(org: Tenant) -> Work:
    return Work(org)


async def until_heard(processes: list[Process]) -> None:
    """Until they hear each other."""

    async def hear() -> bool:
        return all(one.core.wakeups.hears_others for one in processes)

    await until(hear)


@asynccontextmanager
async def working(at: Process, settles_at: Process, work: Work, go_on: asyncio.Event) -> AsyncIterator[None]:
    """A worker that streams from one process and completes its jobs at another, as behind a balancer."""

    async def run() -> None:
        stream = streaming(at.rpc)
        try:
            while True:
                job = await stream.read()
                assert isinstance(job, pb.Job), job
                work.came.append(job.id)
                await go_on.wait()
                await settles_at.rpc.call("Complete", job_id=job.id, worker_id="w1", lease_id=job.lease_id)
        finally:
            stream.cancel()

    running = asyncio.create_task(run())
    try:
        yield
        # Its stream is open still.
        assert not running.done(), running.exception()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_streams_go_on_without_redis_and_with_it_again(
    processes: list[Process], redis: Mortal, work: Work
) -> None:
    """Jobs in flight are settled, new ones are delivered to old and new streams, and none twice."""
    here, there = processes
    go_on = asyncio.Event()
    async with AsyncExitStack() as opened:
        for at, settles_at in (here, there), (there, here):
            await opened.enter_async_context(working(at, settles_at, work, go_on))
            await until_consumers_wait(at.core)
        await until_heard(processes)
        await work.push(here, 4)

        async def are_in_flight() -> bool:
            return len(work.came) == 2

        await until(are_in_flight)
        redis.die()
        go_on.set()
        await work.push(there)
        await until(work.has_come)
        await opened.enter_async_context(working(here, there, work, go_on))
        await work.push(there)
        await work.push(here)
        await until(work.has_come)
        redis.come_back()
        await work.push(there)
        await until(work.has_come)
        await until_heard(processes)
        await work.push(here)
        await work.push(there)
        await until(work.has_come)
        await until(work.is_done_once)


async def test_an_idle_stream_gets_what_another_process_pushes(
    processes: list[Process], redis: Mortal, work: Work
) -> None:
    """It waited when Redis died and nobody tells it of a push: it looks by itself, and hears again later."""
    here, there = processes
    stream = streaming(here.rpc)
    await until_consumers_wait(here.core)
    await until_heard(processes)
    for change in (redis.die, redis.come_back):
        change()
        await work.push(there, 1)
        job = await next_of(stream)
        work.came.append(job.id)
        await there.rpc.call("Complete", job_id=job.id, worker_id="w1", lease_id=job.lease_id)
    await until_heard(processes)
    stream.cancel()

    assert await work.is_done_once()


async def conversed(stream: Any, work: Work) -> None:
    """Dequeue, complete what came, and so on until all that was pushed has come to somebody."""
    while not await work.has_come():
        await stream.write(pb.ProcessRequest(dequeue=dequeue(2)))
        # The answer to this says that no more jobs come.
        await stream.write(pb.ProcessRequest(renew_lease=UNKNOWN))
        jobs = []
        while (answer := await next_of(stream)).WhichOneof("response") == "job":
            jobs.append(answer.job)
        assert answer.error.code == "NOT_FOUND", answer
        work.came += [job.id for job in jobs]
        for job in jobs:
            settled = {"job_id": job.id, "worker_id": "w1", "lease_id": job.lease_id}
            await stream.write(pb.ProcessRequest(renew_lease=settled))
            assert (await next_of(stream)).renew_lease.success
            await stream.write(pb.ProcessRequest(complete=settled))
            assert (await next_of(stream)).complete.success


async def test_conversations_go_on_without_redis_and_with_it_again(
    processes: list[Process], redis: Mortal, work: Work
) -> None:
    """Two workers, each with one ProcessJobs stream to another process, share all jobs between them."""
    here, there = processes
    streams = [one.rpc.open("ProcessJobs") for one in processes]
    for change in (lambda: None, redis.die, redis.come_back):
        await work.push(here, 5)
        change()
        await work.push(there, 5)
        await asyncio.gather(*(conversed(stream, work) for stream in streams))
    await until_heard(processes)
    await work.push(there, 5)
    await asyncio.gather(*(conversed(stream, work) for stream in streams))
    for stream in streams:
        stream.cancel()

    assert await work.is_done_once()
