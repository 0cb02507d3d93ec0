"""P9: a thousand organizations at once, against one: `python -m benchmarks.p09_tenants`."""

import asyncio
from collections.abc import Sequence
from functools import partial
from itertools import cycle
from time import perf_counter

from benchmarks.client import HttpConnection
from benchmarks.command import main
from benchmarks.figure import Figure, middle
from benchmarks.load import CONNECTIONS, JOB, JOBS
from benchmarks.serving import serving
from benchmarks.turns import in_turn

ORGANIZATIONS = 1000
SECONDS = 4.0
DEQUEUE = {"queue_name": JOB["queue_name"], "worker_id": "bench"}


async def lives(url: str, keys: Sequence[str]) -> float:
    """Jobs a second that are made, taken and completed one at a time, each of the next organization."""
    turns = cycle(keys)
    done = 0

    async def go_on(connection: HttpConnection, end: float) -> None:
        nonlocal done
        while perf_counter() < end:
            key = next(turns)
            await connection.request("POST", JOBS, JOB, key=key)
            # Of one organization, the job may be another's of the same moment: as many are made as taken.
            job = await connection.request("POST", f"{JOBS}/dequeue", DEQUEUE, key=key)
            lease = {"worker_id": DEQUEUE["worker_id"], "lease_id": job["lease_id"]}
            await connection.request("POST", f"{JOBS}/{job['id']}/complete", lease, key=key)
            done += 1

    connections = [await HttpConnection.open(url) for _ in range(CONNECTIONS)]
    start = perf_counter()
    await asyncio.gather(*[go_on(connection, start + SECONDS) for connection in connections])
    taken = perf_counter() - start
    for connection in connections:
        connection.close()
    return done / taken


def rate(url: str, keys: Sequence[str]) -> float:
    return asyncio.run(lives(url, keys))


def measure(rounds: int) -> list[Figure]:
    with serving() as served:
        many = served.new_keys(ORGANIZATIONS)
        takes = {
            f"jobs of {ORGANIZATIONS:,} organizations, 1/s": partial(rate, served.url, many),
            "jobs of one organization, 1/s": partial(rate, served.url, served.new_keys(1)),
        }
        found = in_turn(rounds, takes, slices=2)
    value, spread = middle(found.ratios(*takes))
    return [
        Figure(
            name="P9",
            what=f"jobs made, taken and completed of {ORGANIZATIONS:,} organizations at once, against one"
            " organization with the same load",
            goal=0.80,
            goal_is="at least",
            value=value,
            spread=spread,
            unit="ratio",
            command="python -m benchmarks.p09_tenants",
            beside={name: found.median(name) for name in takes},
            note=f"One job at a time on {CONNECTIONS} connections, each of the next organization. Requests of"
            " one organization share statements, those of different ones do not.",
        )
    ]


if __name__ == "__main__":
    main(measure)
