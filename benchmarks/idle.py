"""What those cost who wait for something to happen: `python -m benchmarks.idle`.

The service is a process of its own, on an embedded PostgreSQL and Redis. It is idle at first; then 1,000 gRPC
streams of 10 organizations wait for jobs, and then 1,000 readers follow `/events` beside them. Prints memory,
processor and transactions of each stretch, which are equally long.
"""

import asyncio
import tempfile
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import NamedTuple

import psycopg

from benchmarks.delivery import Clients, clients
from benchmarks.processes import megabytes, processor_seconds
from tests.support.run import Run, free_port, started
from tests.support.servers import running_servers
from tests.support.streams import streaming

ORGANIZATIONS, OF_EACH = 10, 100
IDLE_SECONDS = 30.0
AT_REST = 0.04
"""Seconds of processor within a second."""


class Idle(NamedTuple):
    """What a process did in a while: memory in MB, processor in seconds, transactions of the database."""

    memory: float
    processor: float
    transactions: int


async def follow(run: Run, one: Clients) -> asyncio.Task[None]:
    """A reader of an organization's events, who takes every byte and drops it, until it is cancelled."""
    host, _, port = run.url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"GET /api/v1/events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {one.key}\r\n\r\n".encode()
    )
    status = await reader.readline()
    assert b" 200 " in status, status
    return asyncio.create_task(take(reader, writer))


async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with closing(writer):
        while await reader.read(65_536):
            pass


async def at_rest(run: Run) -> None:
    """Until the service has done what it had to do, or does not come to rest."""
    for _ in range(20):
        before = processor_seconds(run.process.pid)
        await asyncio.sleep(1)
        if processor_seconds(run.process.pid) - before <= AT_REST:
            return


async def idle(run: Run, url: str) -> Idle:
    """What the service does while nobody asks anything."""
    await at_rest(run)
    before = processor_seconds(run.process.pid), _transactions(url)
    await asyncio.sleep(IDLE_SECONDS)
    used, transactions = processor_seconds(run.process.pid) - before[0], _transactions(url) - before[1]
    return Idle(megabytes(run.process.pid), used, transactions)


async def measure(run: Run, url: str, address: str) -> None:
    async with AsyncExitStack() as opened:
        organizations = [
            await opened.enter_async_context(clients(run, address)) for _ in range(ORGANIZATIONS)
        ]
        for one in organizations:
            await one.ask_grpc()
        alone = await idle(run, url)
        report("nobody waits", alone, alone)

        streams = [
            streaming(one.rpc, queue_name=f"q{number % 20}", worker_id=f"w{number}")
            for one in organizations
            for number in range(OF_EACH)
        ]
        report(f"{len(streams)} idle gRPC streams", await idle(run, url), alone)

        readers = [await follow(run, one) for one in organizations for _ in range(OF_EACH)]
        report(f"{len(readers)} idle readers of events beside them", await idle(run, url), alone)
        for stream in streams:
            stream.cancel()
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)


def report(name: str, found: Idle, alone: Idle) -> None:
    share, rate = 100 * found.processor / IDLE_SECONDS, found.transactions / IDLE_SECONDS
    print(
        f"{name}: {found.memory:.0f} MB ({found.memory - alone.memory:+.0f}),"
        f" {share:.1f} % of a processor, {rate:.1f} transactions a second"
    )


def _transactions(url: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
        assert row
        return int(row[0])


def main() -> None:
    with running_servers() as servers, tempfile.TemporaryDirectory() as home:
        url, port = servers.new_database("idle"), free_port()
        settings = {"GRPC_PORT": str(port), "DATABASE_URL": url, "REDIS_URL": servers.redis_url}
        with started(Path(home), settings=settings) as run:
            asyncio.run(measure(run, url, f"127.0.0.1:{port}"))


if __name__ == "__main__":
    main()
