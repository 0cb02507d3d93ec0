"""Load over HTTP, one request at a time on each of several connections: by wrk, or by Python without it."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, closing, nullcontext, suppress
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from benchmarks.client import HttpConnection, RefusedError

ROOT = Path(__file__).parents[1]
CONNECTIONS = 16
NOOP, JOBS = "/noop", "/api/v1/jobs"
JOB = {
    "queue_name": "bench",
    "payload": {"to": "someone@example.com", "template": "welcome", "args": [1, 2, 3], "note": "x" * 60},
}


class Target(NamedTuple):
    """Where a POST goes, and with which key."""

    url: str
    path: str
    key: str = ""


def client() -> str:
    """What makes the load, for a figure's note."""
    return "wrk" if shutil.which("wrk") else "a client in Python (wrk is not installed)"


def repeated(
    target: Target,
    body: Any,
    seconds: float,
    connections: int = CONNECTIONS,
    *,
    is_flood: bool = False,
) -> float:
    """Times a second that one request is served, which is sent again and again.

    is_flood: more than can be served, some of which is refused. Raises RuntimeError for that otherwise.
    """
    if shutil.which("wrk"):
        found = _wrk(target, seconds, connections, "constant", json.dumps(body), is_flood=is_flood)
        return float((found["answers"] - found["refused"]) / found["seconds"])

    async def ask(connection: HttpConnection) -> None:
        with suppress(RefusedError) if is_flood else nullcontext():
            await connection.request("POST", target.path, body)

    return asyncio.run(_rate(target, seconds, connections, ask))


def worked_off(target: Target, body: Any, seconds: float) -> float:
    """Jobs a second that are taken by a dequeue and completed by another request.

    Raises RuntimeError when the queue runs empty, since then it was not that which was measured.
    """
    if shutil.which("wrk"):
        found = _wrk(target, seconds, CONNECTIONS, "work", json.dumps(body))
        if found["empty"]:
            raise RuntimeError("the queue ran empty")
        return float(found["finished"] / found["seconds"])

    async def work(connection: HttpConnection) -> None:
        job = await connection.request("POST", target.path, body)
        if job is None:
            raise RuntimeError("the queue ran empty")
        lease = {"worker_id": body["worker_id"], "lease_id": job["lease_id"]}
        await connection.request("POST", f"{JOBS}/{job['id']}/complete", lease)

    return asyncio.run(_rate(target, seconds, CONNECTIONS, work))


def lived(url: str, key: str, size: int, seconds: float, connections: int) -> float:
    """Jobs a second that are made, taken and completed in batches, each connection with a queue of its own.

    Raises RuntimeError when a batch was not what was asked for.
    """
    if shutil.which("wrk"):
        new = json.dumps({"queue_name": "QUEUE", "jobs": [{"payload": JOB["payload"]}] * size})
        target = Target(url, JOBS, key)
        found = _wrk(target, seconds, connections, "batches", new, str(size), str(connections))
        if found["empty"]:
            raise RuntimeError(f"{found['empty']:.0f} batches were not complete")
        return float(found["finished"] / found["seconds"])
    return asyncio.run(_lives(url, key, size, seconds, connections))


async def _lives(url: str, key: str, size: int, seconds: float, connections: int) -> float:
    async with AsyncExitStack() as opened:
        workers = [
            opened.enter_context(closing(await HttpConnection.open(url, key))) for _ in range(connections)
        ]
        start = perf_counter()
        lives = [
            _live(worker, f"bench{number}", size, start + seconds) for number, worker in enumerate(workers)
        ]
        return sum(await asyncio.gather(*lives)) / (perf_counter() - start)


async def _live(worker: HttpConnection, queue: str, size: int, end: float) -> int:
    """How many jobs have been made, taken and completed on one connection until then."""
    new = {"queue_name": queue, "jobs": [{"payload": JOB["payload"]}] * size}
    take = {"queue_name": queue, "limit": size}
    held: list[Any] = []
    done = 0
    while perf_counter() < end:
        await worker.request("POST", f"{JOBS}/bulk", new)
        if held:
            jobs = [{"id": job["id"], "lease_id": job["lease_id"]} for job in held]
            body = {"worker_id": queue, "jobs": jobs, "claim_next": take}
            answer = await worker.request("POST", f"{JOBS}/complete", body)
            done += sum(result["success"] for result in answer["results"])
            held = answer["next"]
        else:
            held = (await worker.request("POST", f"{JOBS}/claim", {"worker_id": queue, **take}))["jobs"]
        if len(held) != size:
            raise RuntimeError(f"{len(held)} jobs were taken, not {size}")
    return done


def _wrk(
    target: Target, seconds: float, connections: int, script: str, *arguments: str, is_flood: bool = False
) -> dict[str, float]:
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds:.0f}s"]
    command += ["--script", f"benchmarks/wrk/{script}.lua", target.url + target.path, "--", *arguments]
    ran = subprocess.run([*command, target.key], cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    if found["lost"] or (found["refused"] and not is_flood):
        raise RuntimeError(f"{target.path}: {found}")
    return found


async def _rate(
    target: Target, seconds: float, at_once: int, one: Callable[[HttpConnection], Awaitable[None]]
) -> float:
    count = 0

    async def go_on(connection: HttpConnection, end: float) -> None:
        nonlocal count
        while perf_counter() < end:
            await one(connection)
            count += 1

    async with AsyncExitStack() as opened:
        connections = [
            opened.enter_context(closing(await HttpConnection.open(target.url, target.key)))
            for _ in range(at_once)
        ]
        start = perf_counter()
        await asyncio.gather(*[go_on(connection, start + seconds) for connection in connections])
        return count / (perf_counter() - start)
