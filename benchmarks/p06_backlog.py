"""P6: claims from a large backlog, against an empty service: `python -m benchmarks.p06_backlog [--rounds N]`.

In one process, on a PostgreSQL that waits for the disk. Half of the jobs that wait are delayed, at a higher
priority than the others; the finished ones lie in the partitions of 90 days. For each sample a job is made,
claimed and completed in each database in turn. In a short run a million jobs are finished, in a full one ten.
"""

import asyncio
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from benchmarks import command
from benchmarks.figure import FULL_ROUNDS, Figure, middle
from benchmarks.grown import Size, grown, opened, settings_of
from benchmarks.lifecycle import Times, live
from localstack.postgres import running_postgres

SAMPLES = 400
WAITING = (0, 100_000, 1_000_000)
FINISHED, FULL_FINISHED = 1_000_000, 10_000_000
DAYS = 90
GOAL = 1.2


def measure(rounds: int) -> list[Figure]:
    """P6."""
    finished = FULL_FINISHED if rounds >= FULL_ROUNDS else FINISHED
    with tempfile.TemporaryDirectory() as home, running_postgres(Path(home)) as server:
        urls = {
            waiting: grown(
                server,
                f"waiting_{waiting}",
                Size(waiting, finished * waiting // WAITING[-1], DAYS if waiting else 0),
            )
            for waiting in WAITING
        }
        found = asyncio.run(compare(urls, rounds))
    value, spread = middle([of[WAITING[-1]].p95("claim") / of[0].p95("claim") for of in found])
    return [
        Figure(
            name="P6",
            what=f"claim p95 with a million waiting and {finished:,} finished jobs, against an empty service",
            goal=GOAL,
            goal_is="at most",
            value=value,
            spread=spread,
            unit="ratio",
            command=f"python -m benchmarks.p06_backlog --rounds {rounds}",
            beside=beside(found),
            note="Half of those that wait are delayed at a higher priority. Finished jobs grow along with"
            f" those that wait, over {DAYS} days; the empty service has the partitions of its first day.",
        )
    ]


async def compare(urls: Mapping[int, str], rounds: int) -> list[dict[int, Times]]:
    """The times of each round and database; a round before the first warms up."""
    found = []
    async with AsyncExitStack() as stack:
        cores = {
            size: await stack.enter_async_context(opened(settings_of(url))) for size, url in urls.items()
        }
        for turn in range(rounds + 1):
            times = {size: Times() for size in cores}
            for number in range(SAMPLES if turn else SAMPLES // 4):
                for size in cores if number % 2 else reversed(cores):
                    await live(cores[size], 1, "bench-0", '{"n": 1}', times[size])
            if turn:
                found.append(times)
    return found


def beside(found: list[dict[int, Times]]) -> dict[str, float]:
    """The points of a curve for each step of a job's life."""
    return {
        f"{step} {kind} at {size} waiting jobs": middle([of(times[size], step) for times in found])[0]
        for kind, step, of in (
            ("p95", "claim", Times.p95),
            ("median", "claim", Times.median),
            ("median", "enqueue", Times.median),
            ("median", "complete", Times.median),
        )
        for size in found[0]
    }


if __name__ == "__main__":
    command.main(measure)
