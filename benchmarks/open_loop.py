"""Requests that come when they come, whether or not the ones before them have been answered."""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter

from benchmarks.client import HttpConnection, RefusedError
from benchmarks.load import Target

_MOST_CONNECTIONS = 3_000


@dataclass
class Offered:
    """What became of them: seconds of the served and of the refused, and how many jobs were acknowledged.

    lags: seconds by which this client itself was late with what was to be sent.
    lost: ended without an answer. unsaid: refused without Retry-After. kept_back: came while all connections
    of this client waited, and were not sent.
    """

    served: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    jobs: int = 0
    lost: int = 0
    unsaid: int = 0
    kept_back: int = 0
    most_connections: int = 0


def offer(target: Target, body: bytes, a_second: float, seconds: float) -> Offered:
    """So many bulk requests a second for so long; over connections that are free, or new ones."""
    return asyncio.run(_offer(target, body, a_second, seconds))


async def _connection(target: Target, free: list[HttpConnection]) -> HttpConnection:
    """One of those that are free, but for those on which the service has hung up meanwhile, or a new one."""
    while free:
        connection = free.pop()
        if not connection.is_over:
            return connection
    return await HttpConnection.open(target.url, target.key)


async def _offer(target: Target, body: bytes, a_second: float, seconds: float) -> Offered:
    found, free, under_way = Offered(), list[HttpConnection](), set[asyncio.Task[None]]()

    async def one() -> None:
        start = perf_counter()
        connection: HttpConnection | None = None
        try:
            connection = await _connection(target, free)
            answer = await connection.request("POST", target.path, body)
            found.served.append(perf_counter() - start)
            found.jobs += answer["success_count"]
            free.append(connection)
        except RefusedError as error:
            found.refused.append(perf_counter() - start)
            found.statuses[error.status] += 1
            found.unsaid += not error.retry_after
            if connection is not None:
                free.append(connection)
        except (OSError, EOFError):
            found.lost += 1

    start = perf_counter()
    for number in range(int(a_second * seconds)):
        wait = start + number / a_second - perf_counter()
        found.lags.append(max(0.0, -wait))
        if wait > 0 or number % 20 == 0:
            await asyncio.sleep(max(0, wait))
        if len(under_way) >= _MOST_CONNECTIONS:
            found.kept_back += 1
            continue
        task = asyncio.create_task(one())
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        found.most_connections = max(found.most_connections, len(under_way))
    with suppress(TimeoutError):
        async with asyncio.timeout(60):
            await asyncio.gather(*under_way)
    for connection in free:
        connection.close()
    return found
