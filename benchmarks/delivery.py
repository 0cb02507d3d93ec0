"""How soon a worker that waits has a job, and what a thousand of them cost: `python -m benchmarks.delivery`.

The service is a process of its own, on an embedded PostgreSQL and Redis. Each turn pushes one job to an idle
queue for a gRPC stream and one for an HTTP long poll, between a bare GET /health and a bare gRPC health
check; the time is from the push being sent to the job being there, in one client. Prints medians. Then 1,000
streams of 10 organizations wait for as long as the service was idle before: memory, processor, transactions.
"""

import asyncio
import os
import tempfile
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Any, NamedTuple

import httpx
import psycopg
from grpc_health.v1 import health_pb2

from tests.support.rpc import Rpc, rpc_client
from tests.support.run import Run, free_port, started
from tests.support.servers import running_servers
from tests.support.streams import streaming

TURNS, WARM_UP = 400, 40
SETTLING_SECONDS = 0.02
"""After each turn, so that whoever waits has come to rest."""
ORGANIZATIONS, STREAMS_OF_EACH = 10, 100
IDLE_SECONDS = 20.0
AT_REST = 0.04
"""Seconds of processor within a second."""
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class Idle(NamedTuple):
    """What a process did in a while: memory in MB, processor in seconds, transactions of the database."""

    memory: float
    processor: float
    transactions: int


class Clients:
    """One organization's connections: HTTP and gRPC."""

    def __init__(self, http: httpx.AsyncClient, rpc: Rpc) -> None:
        self.http = http
        self.rpc = rpc
        self._check = rpc.channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )

    async def get_health(self) -> None:
        (await self.http.get("/health")).raise_for_status()

    async def check_health(self) -> None:
        await self._check(health_pb2.HealthCheckRequest())

    async def by_stream(self, stream: Any) -> float:
        """Seconds from a push by gRPC to the job on a stream that waited."""
        reading = asyncio.ensure_future(stream.read())
        await asyncio.sleep(SETTLING_SECONDS)
        start = perf_counter()
        pushing = asyncio.ensure_future(self.rpc.call("Enqueue", queue_name="streamed"))
        job = await reading
        taken = perf_counter() - start
        await pushing
        await self.rpc.call("Complete", job_id=job.id, worker_id="w1", lease_id=job.lease_id)
        return taken

    async def by_long_poll(self) -> float:
        """Seconds from a push by HTTP to the answer of a request that waited."""
        asked = {"queue_name": "polled", "worker_id": "w1", "wait_seconds": 20}
        polling = asyncio.ensure_future(self.http.post("/api/v1/jobs/dequeue", json=asked))
        await asyncio.sleep(SETTLING_SECONDS)
        start = perf_counter()
        pushing = asyncio.ensure_future(
            self.http.post("/api/v1/jobs", json={"queue_name": "polled", "payload": {}})
        )
        job = (await polling).json()
        taken = perf_counter() - start
        await pushing
        await self.http.post(f"/api/v1/jobs/{job['id']}/complete", json={"lease_id": job["lease_id"]})
        return taken


@asynccontextmanager
async def clients(run: Run, address: str) -> AsyncIterator[Clients]:
    """Those of a new organization."""
    async with httpx.AsyncClient(base_url=run.url, timeout=30) as http:
        body = {"name": "Delivery", "slug": f"delivery-{uuid.uuid4().hex[:12]}"}
        key = (await http.post("/api/v1/organizations", json=body)).json()["api_key"]["key"]
        http.headers["Authorization"] = f"Bearer {key}"
        async with rpc_client(address, key) as rpc:
            yield Clients(http, rpc)


async def timed(work: Awaitable[None]) -> float:
    start = perf_counter()
    await work
    return perf_counter() - start


async def measure_delivery(run: Run, address: str) -> None:
    taken: defaultdict[str, list[float]] = defaultdict(list)
    async with clients(run, address) as one:
        stream = streaming(one.rpc, queue_name="streamed")
        for _ in range(TURNS + WARM_UP):
            taken["GET /health"].append(await timed(one.get_health()))
            taken["enqueue to delivery, HTTP long poll"].append(await one.by_long_poll())
            taken["bare gRPC unary (health check)"].append(await timed(one.check_health()))
            taken["enqueue to delivery, gRPC stream"].append(await one.by_stream(stream))
        stream.cancel()
    for name, times in taken.items():
        milliseconds = [1000 * seconds for seconds in times[WARM_UP:]]
        late = quantiles(milliseconds, n=100)[98]
        print(f"{name}: median {median(milliseconds):.2f} ms, 99 of 100 below {late:.2f} ms")


async def at_rest(run: Run) -> None:
    """Until the service has done what it had to do."""
    used = 1.0
    while used > AT_REST:
        before = _seconds(run.process.pid)
        await asyncio.sleep(1)
        used = _seconds(run.process.pid) - before


async def idle(run: Run, url: str) -> Idle:
    """What the service does while nobody asks anything."""
    before = _seconds(run.process.pid), _transactions(url)
    await asyncio.sleep(IDLE_SECONDS)
    used, transactions = _seconds(run.process.pid) - before[0], _transactions(url) - before[1]
    return Idle(_megabytes(run.process.pid), used, transactions)


async def measure_idle(run: Run, url: str, address: str) -> None:
    async with AsyncExitStack() as opened:
        organizations = [
            await opened.enter_async_context(clients(run, address)) for _ in range(ORGANIZATIONS)
        ]
        for one in organizations:
            await one.check_health()
        without = await idle(run, url)
        streams = [
            streaming(one.rpc, queue_name=f"q{number % 20}", worker_id=f"w{number}")
            for one in organizations
            for number in range(STREAMS_OF_EACH)
        ]
        await at_rest(run)
        within = await idle(run, url)
        for stream in streams:
            stream.cancel()
    print(f"{len(streams)} idle streams, {within.memory - without.memory:+.1f} MB on {without.memory:.1f} MB")
    for name, figure in (("without", without), ("with", within)):
        share, rate = 100 * figure.processor / IDLE_SECONDS, figure.transactions / IDLE_SECONDS
        print(f"{name}: {share:.1f} % of a processor, {rate:.1f} transactions a second")


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND


def _megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (resident,) = (line.split()[1] for line in lines if line.startswith("VmRSS"))
    return int(resident) / 1024


def _transactions(url: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
        assert row
        return int(row[0])


def main() -> None:
    with running_servers() as servers, tempfile.TemporaryDirectory() as home:
        url, port = servers.new_database("delivery"), free_port()
        settings = {"GRPC_PORT": str(port), "DATABASE_URL": url, "REDIS_URL": servers.redis_url}
        with started(Path(home), settings=settings) as run:
            address = f"127.0.0.1:{port}"
            asyncio.run(measure_delivery(run, address))
            asyncio.run(measure_idle(run, url, address))


if __name__ == "__main__":
    main()
