"""Archive and retention at size: `python -m benchmarks.archive [--full] [--rounds N]`.

One organization has a million finished jobs (ten with --full) over 90 days and 100,000 that wait (a million).
Lists and figures are asked in turn of it and of an empty service. Then jobs are made, claimed and completed
while retention drops days, makes partitions and deletes job by job, and while lists and figures are read,
each in turn with a time in which nothing else happens. Adds to docs/growth.json.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks import growth_page
from benchmarks.archive_acts import BESIDE, READS
from benchmarks.grown import Size, grown, opened, settings_of
from benchmarks.growth_load import Ratio, ratio
from benchmarks.lifecycle import Times, live
from localstack.postgres import running_postgres
from shared.core import Core

QUEUES, ORGANIZATIONS, DAYS = 10, 102, 90
SIZE = Size(100_000, 1_000_000, DAYS, QUEUES, ORGANIZATIONS)
FULL = Size(1_000_000, 10_000_000, DAYS, QUEUES, ORGANIZATIONS)
EMPTY = Size(days=1, queues=QUEUES, organizations=ORGANIZATIONS)
SAMPLES = 300
PAUSE_SECONDS = 0.05
"""Between two acts: they are to be there, not to use up the machine."""
WARM = 6
"""Uses until a connection has prepared a statement and knows its plan."""


@dataclass(frozen=True, slots=True)
class Read:
    """A list or figure: median milliseconds in an empty service and in the grown one."""

    what: str
    empty_ms: float
    grown_ms: float


@dataclass(frozen=True, slots=True)
class Beside:
    """What a step of a job takes while something else happens, against while nothing does.

    acts: how often it happened in all rounds. longest_ms: the longest step of a job meanwhile.
    """

    what: str
    claim_median: Ratio
    claim_p95: Ratio
    acts: int
    longest_ms: float


async def reads(empty: Core, full: Core, rounds: int) -> list[Read]:
    found = []
    for what, ask in READS.items():
        taken: dict[int, list[float]] = {0: [], 1: []}
        for turn in range(WARM + rounds):
            for number, core in enumerate((empty, full)):
                start = perf_counter()
                await ask(core)
                if turn >= WARM:
                    taken[number].append(1000 * (perf_counter() - start))
        found.append(Read(what, median(taken[0]), median(taken[1])))
        print(found[-1], flush=True)
    return found


async def lives(core: Core) -> Times:
    times = Times()
    for _ in range(SAMPLES):
        await live(core, 1, "bench-0", '{"n": 1}', times)
    return times


async def lives_beside(core: Core, act: Callable[[], Awaitable[Any]]) -> tuple[Times, int]:
    """The same while something happens again and again, and how often it did."""
    acts, is_over = 0, asyncio.Event()

    async def again_and_again() -> None:
        nonlocal acts
        while not is_over.is_set():
            await act()
            acts += 1
            await asyncio.sleep(PAUSE_SECONDS)

    acting = asyncio.create_task(again_and_again())
    times = await lives(core)
    is_over.set()
    await acting
    return times, acts


async def beside(core: Core, other: Core, rounds: int) -> list[Beside]:
    found = []
    for what, (prepare, act) in BESIDE.items():
        await prepare(other)
        medians, p95s, acts, longest = [], [], 0, 0.0
        for _ in range(rounds):
            quiet = await lives(core)
            times, number = await lives_beside(core, lambda act=act: act(other))
            acts += number
            longest = max(longest, *map(max, times.taken.values()))
            medians.append(times.median("claim") / quiet.median("claim"))
            p95s.append(times.p95("claim") / quiet.p95("claim"))
        found.append(Beside(what, ratio(medians), ratio(p95s), acts, longest))
        print(found[-1], flush=True)
    return found


async def measure(empty_url: str, full_url: str, rounds: int) -> dict[str, Any]:
    async with AsyncExitStack() as stack:
        urls = (empty_url, full_url, full_url)
        # Of one connection each: what is asked again is asked of the same.
        empty, full, other = [
            await stack.enter_async_context(opened(settings_of(url, database_pool_size=1))) for url in urls
        ]
        await lives(full)
        return {
            "reads": [asdict(read) for read in await reads(empty, full, rounds)],
            "beside": [asdict(one) for one in await beside(full, other, rounds)],
        }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--full", action="store_true", help="ten million finished jobs, a million that wait")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="spooled-archive-") as home,
        running_postgres(Path(home)) as server,
    ):
        start = perf_counter()
        urls = grown(server, "empty", EMPTY), grown(server, "large", FULL if given.full else SIZE)
        print(f"made in {perf_counter() - start:.0f} s", flush=True)
        growth_page.keep("archive", asyncio.run(measure(*urls, given.rounds)))
    growth_page.write()


if __name__ == "__main__":
    main()
