"""How soon a worker that waits has a job: `python -m benchmarks.delivery`.

The service is a process of its own, on an embedded PostgreSQL and Redis. Each turn pushes one job to an idle
queue for a gRPC stream and one for an HTTP long poll, between a bare GET /health/live and a bare gRPC health
check; the time is from the push being sent to the job being there, in one client. Prints medians.
"""

import asyncio
import tempfile
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Any

from grpc_health.v1 import health_pb2

from benchmarks.client import HttpConnection
from tests.support.rpc import Rpc, rpc_client
from tests.support.run import Run, free_port, started
from tests.support.servers import running_servers
from tests.support.streams import streaming

TURNS, WARM_UP = 400, 40
SETTLING_SECONDS = 0.02
"""After each turn, so that whoever waits has come to rest."""


class Clients:
    """One organization's connections: one of HTTP that waits, one that pushes, and one of gRPC."""

    def __init__(self, key: str, waiting: HttpConnection, pushing: HttpConnection, rpc: Rpc) -> None:
        self.key = key
        self.waiting = waiting
        self.pushing = pushing
        self.rpc = rpc
        self._check = rpc.channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )

    async def ask_http(self) -> None:
        await self.pushing.request("GET", "/health/live")

    async def ask_grpc(self) -> None:
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
        return await by_long_poll(self.waiting, self.pushing)


async def by_long_poll(waiting: HttpConnection, pushing: HttpConnection) -> float:
    """Seconds from a push to the answer of a request that waited for it."""
    asked = {"queue_name": "polled", "worker_id": "w1", "wait_seconds": 20}
    polling = asyncio.ensure_future(waiting.request("POST", "/api/v1/jobs/dequeue", asked))
    await asyncio.sleep(SETTLING_SECONDS)
    start = perf_counter()
    new = {"queue_name": "polled", "payload": {}}
    pushed = asyncio.ensure_future(pushing.request("POST", "/api/v1/jobs", new))
    job = await polling
    taken = perf_counter() - start
    await pushed
    lease = {"lease_id": job["lease_id"]}
    await pushing.request("POST", f"/api/v1/jobs/{job['id']}/complete", lease)
    return taken


@asynccontextmanager
async def clients(run: Run, address: str) -> AsyncIterator[Clients]:
    """Those of a new organization."""
    body = {"name": "Delivery", "slug": f"delivery-{uuid.uuid4().hex[:12]}"}
    with closing(await HttpConnection.open(run.url)) as nobody:
        key = (await nobody.request("POST", "/api/v1/organizations", body))["api_key"]["key"]
    async with rpc_client(address, key) as rpc:
        with (
            closing(await HttpConnection.open(run.url, key)) as waiting,
            closing(await HttpConnection.open(run.url, key)) as pushing,
        ):
            yield Clients(key, waiting, pushing, rpc)


async def timed(work: Awaitable[None]) -> float:
    start = perf_counter()
    await work
    return perf_counter() - start


async def measure_delivery(run: Run, address: str) -> None:
    taken: defaultdict[str, list[float]] = defaultdict(list)
    async with clients(run, address) as one:
        stream = streaming(one.rpc, queue_name="streamed")
        for _ in range(TURNS + WARM_UP):
            taken["bare HTTP (GET /health/live)"].append(await timed(one.ask_http()))
            taken["enqueue to delivery, HTTP long poll"].append(await one.by_long_poll())
            taken["bare gRPC unary (health check)"].append(await timed(one.ask_grpc()))
            taken["enqueue to delivery, gRPC stream"].append(await one.by_stream(stream))
        stream.cancel()
    for name, times in taken.items():
        milliseconds = [1000 * seconds for seconds in times[WARM_UP:]]
        late = quantiles(milliseconds, n=100)[98]
        print(f"{name}: median {median(milliseconds):.2f} ms, 99 of 100 below {late:.2f} ms")


def main() -> None:
    with running_servers() as servers, tempfile.TemporaryDirectory() as home:
        url, port = servers.new_database("delivery"), free_port()
        settings = {"GRPC_PORT": str(port), "DATABASE_URL": url, "REDIS_URL": servers.redis_url}
        with started(Path(home), settings=settings) as run:
            address = f"127.0.0.1:{port}"
            asyncio.run(measure_delivery(run, address))


if __name__ == "__main__":
    main()
