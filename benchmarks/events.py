"""Live events to many readers of one process: `python -m benchmarks.events`.

A process of its own makes, takes and completes jobs at a steady pace, and readers in this process follow
their organization: one at first, then fifty. Prints how much of the pace was kept, whether each reader saw
every event once and in one order, how late they came, and what the readers cost this process, as a ratio.
"""

import asyncio
import multiprocessing
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median, quantiles
from time import perf_counter, process_time

import psycopg

from shared import ids
from shared.edge.opening import open_core
from shared.jobs.claim import Claim, claim_due
from shared.jobs.enqueue import NewJob, enqueue_jobs
from shared.jobs.refusal import Hold
from shared.jobs.settle import Completion, complete_jobs
from shared.live import Hub, LiveEvent
from shared.settings import Settings
from shared.tenants.caller import Caller
from tests.support.servers import running_servers

CHANGES_A_SECOND = 2_000
SECONDS = 10
BATCH = 100
CHANGES_OF_A_ROUND, EVENTS_OF_A_ROUND = 3 * BATCH, 4 * BATCH
"""A job is made, taken and completed, and of the last there are two events."""
ROUNDS = CHANGES_A_SECOND * SECONDS // CHANGES_OF_A_ROUND
READERS = (1, 50)
ORG = Caller(org_id=1, key_id=1)


@dataclass
class Reader:
    """One who counts what it sees."""

    ids: list[str] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    began_at: float = 0.0
    completed: int = 0

    def see(self, batch: Sequence[LiveEvent], now: datetime) -> None:
        for event in batch:
            if event.type == "EventsLost":
                raise AssertionError(event.data)
            if event.id:
                self.began_at = self.began_at or perf_counter()
                self.ids.append(event.id)
                self.completed += event.type == "JobCompleted"
        if batch and batch[-1].id:
            self.delays.append((now - datetime.fromisoformat(batch[-1].data["timestamp"])).total_seconds())


async def write(settings: Settings) -> None:
    """Changes at the pace that is asked for, or as near to it as this machine comes."""
    core = await open_core(settings)
    start = perf_counter()
    for number in range(ROUNDS):
        due = start + number * CHANGES_OF_A_ROUND / CHANGES_A_SECOND
        await asyncio.sleep(max(0.0, due - perf_counter()))
        await enqueue_jobs(core, ORG, [NewJob("bench", "{}") for _ in range(BATCH)], datetime.now(UTC))
        taken = await claim_due(core, ORG, Claim("bench", "w", BATCH), datetime.now(UTC))
        done = [Completion(Hold(ids.decode("job", job["id"])), "7") for job in taken]
        await complete_jobs(core, ORG, "w", done, datetime.now(UTC))
    await core.close()


def write_in_a_process(settings: Settings) -> None:
    asyncio.run(write(settings))


async def read(hub: Hub, reader: Reader, is_ready: asyncio.Event) -> None:
    async with hub.watching(ORG.org_id) as watch, aclosing(watch.follow()) as batches:
        is_ready.set()
        while reader.completed < ROUNDS * BATCH:
            reader.see(await anext(batches), datetime.now(UTC))


async def measure(settings: Settings, count: int) -> float:
    """Milliseconds of this process's time for a thousand events."""
    core = await open_core(settings)
    assert core.hub is not None
    readers = [Reader() for _ in range(count)]
    ready = [asyncio.Event() for _ in readers]
    reading = [
        asyncio.create_task(read(core.hub, reader, is_ready))
        for reader, is_ready in zip(readers, ready, strict=True)
    ]
    await asyncio.gather(*(is_ready.wait() for is_ready in ready))
    used = process_time()
    writer = multiprocessing.get_context("spawn").Process(target=write_in_a_process, args=(settings,))
    writer.start()
    await asyncio.gather(*reading)
    took, used = perf_counter() - readers[0].began_at, process_time() - used
    writer.join()
    await core.close()
    report(readers, took, used)
    return 1_000_000 * used / (ROUNDS * EVENTS_OF_A_ROUND)


def report(readers: Sequence[Reader], took: float, used: float) -> None:
    told = len(readers[0].ids)
    same = sum(reader.ids == readers[0].ids and len(set(reader.ids)) == told for reader in readers)
    delays = [delay * 1000 for reader in readers for delay in reader.delays]
    asked = ROUNDS * CHANGES_OF_A_ROUND / CHANGES_A_SECOND
    print(f"{len(readers)} readers, {told} events of {ROUNDS * CHANGES_OF_A_ROUND} changes")
    print(f"  pace kept: {asked / took:.2f} of {CHANGES_A_SECOND} changes a second")
    print(f"  readers that saw every event once, in one order: {same} of {len(readers)}")
    print(f"  late by: median {median(delays):.0f} ms, 99 % {quantiles(delays, n=100)[98]:.0f} ms")
    print(f"  this process was busy {used / took:.2f} of the time")


async def compare(settings: Settings) -> None:
    one, many = [await measure(settings, count) for count in READERS]
    print(f"ratio of the time of this process, {READERS[1]} readers to {READERS[0]}: {many / one:.2f}")


def main() -> None:
    with running_servers() as servers:
        url = servers.new_database("events")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO organization (org_id, name, slug, plan_tier, created_at, updated_at)"
                " VALUES (1, 'Bench', 'bench', 'enterprise', now(), now())"
            )
        settings = Settings(spooled_env="development", database_url=url, redis_url=servers.redis_url)
        asyncio.run(compare(settings))


if __name__ == "__main__":
    main()
