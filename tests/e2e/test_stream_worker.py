"""Stream workers go through a load while the service ends twice under them: each job is completed once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import httpx

from shared.wire.proto import spooled_pb2 as pb
from tests.support.rpc import Rpc, rpc_client
from tests.support.run import Run, free_port, started
from tests.support.streams import streaming

JOBS, STREAMS = 2_000, 16
LEASE_SECONDS = 5
FINISH_SECONDS = 170.0
AGAIN_SECONDS = 0.1
"""Between two tries to reach a service that is away."""
QUICK_TO_RECONNECT = [
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 500),
]
AWAY = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED, grpc.StatusCode.UNKNOWN}


class Workers:
    """Each reads a stream, fails every tenth job once and every hundredth twice, and completes the others."""

    def __init__(self, rpc: Rpc) -> None:
        self.rpc = rpc
        self.sent: Counter[str] = Counter()
        self.completed: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.found_completed: set[str] = set()
        self.ends: Counter[str] = Counter()
        self.done = asyncio.Event()

    async def work(self, worker_id: str) -> None:
        """Open the stream again and again, whatever it ends with."""
        while True:
            stream = streaming(
                self.rpc, queue_name="load", worker_id=worker_id, lease_duration_secs=LEASE_SECONDS
            )
            try:
                while (job := await stream.read()) is not grpc.aio.EOF:
                    self.sent[job.id] += 1
                    await self.settle(job, worker_id)
            except grpc.aio.AioRpcError as error:
                self.ends[error.code().name] += 1
                if error.code() not in AWAY:
                    raise
            await asyncio.sleep(AGAIN_SECONDS)

    async def settle(self, job: pb.Job, worker_id: str) -> None:
        """Until there is an answer; a job whose lease was lost in between comes again."""
        number = int(job.payload["n"])
        times = 2 if number % 100 == 0 else 1 if number % 10 == 0 else 0
        what = {"job_id": job.id, "worker_id": worker_id, "lease_id": job.lease_id}
        if self.failed[job.id] < times:
            if await self.answered(lambda: self.rpc.call("Fail", **what, error="on purpose")):
                self.failed[job.id] += 1
        elif await self.answered(lambda: self.rpc.call("Complete", **what), job.id):
            self.completed[job.id] += 1
        if len(self.completed) + len(self.found_completed) >= JOBS:
            self.done.set()

    async def answered(self, call: Callable[[], Awaitable[Any]], job_id: str = "") -> bool:
        """Whether the service said that it is done; not, when the job is not this worker's any more."""
        while True:
            try:
                await call()
            except grpc.aio.AioRpcError as error:
                if error.code() is grpc.StatusCode.FAILED_PRECONDITION:
                    is_done = error.details() == "Job is already completed"
                    if job_id and is_done and job_id not in self.completed:
                        self.found_completed.add(job_id)
                    return False
                if error.code() not in AWAY:
                    raise
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return True

    async def have_completed(self, count: int) -> None:
        async with asyncio.timeout(FINISH_SECONDS):
            while len(self.completed) < count:  # noqa: ASYNC110 - a counter sets no Event
                await asyncio.sleep(0.01)


async def new_key(run: Run) -> str:
    async with httpx.AsyncClient(base_url=run.url) as client:
        made = await client.post("/api/v1/organizations", json={"name": "Load", "slug": "load"})
        key: str = made.json()["api_key"]["key"]
        return key


async def push_all(api: httpx.AsyncClient) -> None:
    for first in range(0, JOBS, 500):
        jobs = [{"payload": {"n": n}, "max_retries": 50} for n in range(first, first + 500)]
        (await api.post("/jobs/bulk", json={"queue_name": "load", "jobs": jobs})).raise_for_status()


async def test_each_job_is_completed_once_across_two_ends(tmp_path: Path) -> None:
    """The first end is orderly, the second is a kill; nothing is lost, and nothing is completed twice."""
    ports = {"port": free_port(), "settings": {"GRPC_PORT": str(free_port())}}
    with ExitStack() as runs:

        def start() -> Run:
            return runs.enter_context(started(tmp_path / "data", **ports))

        run = await asyncio.to_thread(start)
        key = await new_key(run)
        async with (
            httpx.AsyncClient(
                base_url=f"{run.url}/api/v1", headers={"Authorization": f"Bearer {key}"}, timeout=30
            ) as api,
            rpc_client(f"127.0.0.1:{ports['settings']['GRPC_PORT']}", key, QUICK_TO_RECONNECT) as rpc,
        ):
            await push_all(api)
            workers = Workers(rpc)
            loops = [asyncio.create_task(workers.work(f"w{number}")) for number in range(STREAMS)]

            await workers.have_completed(JOBS // 3)
            assert await asyncio.to_thread(run.end) == 0
            run = await asyncio.to_thread(start)
            await workers.have_completed(2 * JOBS // 3)
            await asyncio.to_thread(run.kill_group)
            run = await asyncio.to_thread(start)
            waiting = [*loops, asyncio.create_task(workers.done.wait())]
            done, _ = await asyncio.wait(waiting, timeout=FINISH_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            for loop in waiting:
                loop.cancel()
            ends = await asyncio.gather(*waiting, return_exceptions=True)
            assert done == {waiting[-1]}, (ends, len(workers.completed))
            figures = (await api.get("/queues/load/stats")).json()

    assert set(workers.completed.values()) == {1}
    assert (figures["completed"], figures["pending"], figures["processing"]) == (JOBS, 0, 0)
    assert figures["deadletter"] == 0
    assert sum(workers.failed.values()) >= JOBS // 10
    assert workers.ends["UNAVAILABLE"] >= 2 * STREAMS
    # What was in flight at the kill came again after its lease; the orderly end left nothing behind.
    assert sum(workers.sent.values()) <= JOBS + sum(workers.failed.values()) + 2 * STREAMS
