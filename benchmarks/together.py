"""What is gained where requests that wait at the same moment share a statement.

`python -m benchmarks.together`: one process on an embedded PostgreSQL that waits for the disk at each commit.
So many callers at once make jobs, claim and complete them, each one job at a time. Rounds in which each goes
alone and rounds in which they go together take turns. Prints medians: requests a second, how long one takes,
and what it costs this process.
"""

import argparse
import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import psycopg

from localstack.postgres import running_postgres
from shared import ids
from shared.core import Core
from shared.edge.opening import open_core
from shared.jobs.claim import Claim
from shared.jobs.claim_wait import claim_jobs
from shared.jobs.enqueue import NewJob
from shared.jobs.enqueue_one import enqueue_job
from shared.jobs.refusal import Hold
from shared.jobs.settle import Completion
from shared.jobs.settle_one import complete_job
from shared.settings import Settings
from shared.store.migrate import migrate
from shared.tenants.caller import Caller
from shared.together import Together

ORG = Caller(org_id=1, key_id=1)
CALLERS = (1, 4, 16, 64)
REQUESTS = 640
ACTS = ("enqueue", "claim", "complete")
Times = dict[str, list[tuple[float, float, float]]]


async def at_once(callers: int, one: Callable[[int], Awaitable[Any]]) -> tuple[float, float, float]:
    """Requests a second of so many callers, the median milliseconds of one, and CPU microseconds here."""
    numbers = iter(range(REQUESTS))
    taken: list[float] = []

    async def caller() -> None:
        for number in numbers:
            start = perf_counter()
            await one(number)
            taken.append(perf_counter() - start)

    start, start_cpu = perf_counter(), process_time()
    await asyncio.gather(*[caller() for _ in range(callers)])
    seconds, cpu = perf_counter() - start, process_time() - start_cpu
    return REQUESTS / seconds, 1000 * median(taken), 1e6 * cpu / REQUESTS


async def measure_round(core: Core, callers: int, times: Times) -> None:
    """So many jobs are made, claimed and completed."""
    jobs: list[dict[str, Any]] = []

    async def enqueue(number: int) -> None:
        await enqueue_job(core, ORG, NewJob("bench", f'{{"n": {number}}}'), datetime.now(UTC))

    async def claim(number: int) -> None:
        jobs.extend(await claim_jobs(core, ORG, Claim("bench", f"w{number % callers}")))

    async def complete(number: int) -> None:
        job = jobs[number]
        hold = Hold(ids.decode("job", job["id"]), ids.decode("lease", job["lease_id"]))
        done = Completion(hold, '{"done": true}')
        outcome = await complete_job(core, ORG, job["worker_id"], done, datetime.now(UTC))
        outcome.row_or_raise()

    for act, one in zip(ACTS, (enqueue, claim, complete), strict=True):
        times[act].append(await at_once(callers, one))


async def compare(settings: Settings, ways: dict[str, Callable[[], Together]], rounds: int) -> None:
    core = await open_core(settings)
    for callers in CALLERS:
        times: dict[str, Times] = {name: defaultdict(list) for name in ways}
        for turn in range(rounds + 1):
            for name, way in ways.items():
                # The first turn warms up.
                await measure_round(
                    replace(core, together=way()), callers, times[name] if turn else defaultdict(list)
                )
        for act in ACTS:
            base = 0.0
            for name, taken in times.items():
                rate, milliseconds, cpu = (median(values) for values in zip(*taken[act], strict=True))
                base = base or rate
                print(
                    f"{callers:>3} callers  {act:<9} {name:<14} {rate:8.0f}/s  {milliseconds:7.2f} ms"
                    f"  {cpu:6.0f} us CPU  ratio {rate / base:.2f}"
                )
    await core.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--places", type=int, nargs="*", default=[2])
    parser.add_argument("--largest", type=int, nargs="*", default=[64])
    given = parser.parse_args()
    ways: dict[str, Callable[[], Together]] = {"alone": lambda: Together(at_once=1_000_000)}
    for places in given.places:
        for largest in given.largest:
            ways[f"{places} x {largest}"] = lambda p=places, m=largest: Together(at_once=p, largest=m)
    with tempfile.TemporaryDirectory() as home, running_postgres(Path(home)) as url:
        asyncio.run(migrate(url))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO organization (org_id, name, slug, plan_tier, created_at, updated_at)"
                " VALUES (1, 'Bench', 'bench', 'enterprise', now(), now())"
            )
        settings = Settings(spooled_env="development", database_url=url, redis_url="none")
        asyncio.run(compare(settings, ways, given.rounds))


if __name__ == "__main__":
    main()
