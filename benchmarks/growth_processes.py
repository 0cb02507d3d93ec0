"""Several service processes on one database, for `benchmarks.growth`."""

import asyncio
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path
from secrets import token_hex
from time import perf_counter
from typing import Any

import httpx

from benchmarks.client import HttpConnection
from benchmarks.growth_load import CALLERS, JOBS, Point, ratio
from localstack.postgres import running_postgres
from localstack.redis import running_redis
from tests.support.run import started

PROCESSES = (1, 2, 4)
_JOB = {"queue": "bench", "payload": {"n": 1}}
_ASKED = {"queue": "bench", "worker_id": "bench", "wait_seconds": 5}


def compare_processes(rounds: int) -> list[Point]:
    """Jobs a second through so many processes against one, all on this machine and with the same callers."""
    found: dict[int, list[float]] = {count: [] for count in PROCESSES[1:]}
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="spooled-growth-")))
        servers = {
            "DATABASE_URL": stack.enter_context(running_postgres(home)),
            "REDIS_URL": stack.enter_context(running_redis(home)),
            # One key is known to all of them.
            "SECRET_KEY": token_hex(32),
        }
        urls = [
            stack.enter_context(started(home / f"process-{number}", settings=servers)).url
            for number in range(max(PROCESSES))
        ]
        body = {"name": "Bench", "slug": "bench"}
        answer = httpx.post(f"{urls[0]}/api/v1/organizations", json=body).raise_for_status().json()
        key = str(answer["api_key"]["key"])
        for turn in range(rounds + 1):
            for count in found if turn % 2 else reversed(found):
                base = asyncio.run(burst(urls[:1], key))
                rate = asyncio.run(burst(urls[:count], key))
                if turn:
                    found[count].append(rate / base)
    return [Point(str(count), ratio(rates)) for count, rates in found.items()]


async def burst(urls: list[str], key: str) -> float:
    """Jobs a second, each made, taken and completed over HTTP."""
    numbers = iter(range(JOBS))

    async def caller(url: str) -> None:
        with closing(await HttpConnection.open(url, key)) as http:
            for _ in numbers:
                await http.request("POST", "/api/v1/jobs", _JOB)
                job: Any = await http.request("POST", "/api/v1/jobs/dequeue", _ASKED)
                await http.request("POST", f"/api/v1/jobs/{job['id']}/complete", {"result": {"done": True}})

    start = perf_counter()
    await asyncio.gather(*[caller(urls[number % len(urls)]) for number in range(CALLERS)])
    return JOBS / (perf_counter() - start)
