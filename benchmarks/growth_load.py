"""The load of `benchmarks.growth`, and how what it found at two sizes compares."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from secrets import token_hex
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.grown import opened, settings_of
from benchmarks.lifecycle import Times, live
from shared.core import Core

CALLERS, JOBS = 16, 640
Ratio = tuple[float, float, float]
"""The median of the rounds, the lowest and the highest."""


@dataclass(frozen=True, slots=True)
class Load:
    """Where jobs are made, claimed and completed, and how large they are."""

    url: str
    queues: int = 1
    organizations: int = 1
    payload_bytes: int = 100


@dataclass(frozen=True, slots=True)
class Point:
    """A size beside the base of the same run: ratios of jobs a second and of the milliseconds of a claim."""

    size: str
    jobs: Ratio
    claim_median: Ratio | None = None
    claim_p95: Ratio | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.size}: jobs a second {self.jobs}, claim {self.claim_median}, p95 {self.claim_p95}"


async def burst(core: Core, load: Load, times: Times) -> float:
    """Jobs a second of so many callers, each with a job of its own from the first to the last step."""
    payload = f'{{"text": "{token_hex(load.payload_bytes // 2)}"}}'
    numbers = iter(range(JOBS))

    async def caller() -> None:
        for number in numbers:
            org_id, queue = 1 + number % load.organizations, f"bench-{number % load.queues}"
            await live(core, org_id, queue, payload, times)

    start = perf_counter()
    await asyncio.gather(*[caller() for _ in range(CALLERS)])
    return JOBS / (perf_counter() - start)


async def compare(loads: Mapping[str, Load], rounds: int) -> list[Point]:
    """Each size against the base, which has no name and runs right before or after it in each round."""
    found: dict[str, list[tuple[float, float, float]]] = {size: [] for size in loads if size}
    async with AsyncExitStack() as stack:
        urls = {load.url for load in loads.values()}
        cores = {url: await stack.enter_async_context(opened(settings_of(url))) for url in urls}

        async def taken(size: str) -> tuple[float, Times]:
            times = Times()
            return await burst(cores[loads[size].url], loads[size], times), times

        for turn in range(rounds + 1):
            for size in found if turn % 2 else reversed(found):
                pair = ("", size) if turn % 2 else (size, "")
                both = {one: await taken(one) for one in pair}
                (base_rate, base), (rate, times) = both[""], both[size]
                if turn:
                    found[size].append(
                        (
                            rate / base_rate,
                            times.median("claim") / base.median("claim"),
                            times.p95("claim") / base.p95("claim"),
                        )
                    )
    return [Point(size, *map(ratio, zip(*rows, strict=True))) for size, rows in found.items()]


def ratio(rounds: Sequence[float]) -> Ratio:
    return median(rounds), min(rounds), max(rounds)
