"""P10: one organization floods, and what another notices of it: `python -m benchmarks.p10_flood`."""

import asyncio
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median, quantiles
from time import perf_counter

from benchmarks.client import HttpConnection
from benchmarks.command import main
from benchmarks.figure import Figure, middle
from benchmarks.load import CONNECTIONS, JOB, JOBS, Target, repeated
from benchmarks.serving import serving

TIMES = 10
"""The flood has so many times the connections that keep the service busy."""
SECONDS, LEAD_SECONDS = 6.0, 1.5
PAUSE_SECONDS = 0.02
DEQUEUE = {"queue_name": JOB["queue_name"], "worker_id": "bench"}


async def quiet_worker(url: str, key: str, seconds: float) -> float:
    """The 95th percentile of requests, milliseconds, of one who now and then sees a job to its end."""
    taken: list[float] = []
    connection = await HttpConnection.open(url, key)

    async def ask(path: str, body: dict[str, object]) -> dict[str, str]:
        start = perf_counter()
        answer: dict[str, str] = await connection.request("POST", path, body)
        taken.append(1000 * (perf_counter() - start))
        return answer

    end = perf_counter() + seconds
    while perf_counter() < end:
        await ask(JOBS, JOB)
        job = await ask(f"{JOBS}/dequeue", dict(DEQUEUE))
        lease: dict[str, object] = {"worker_id": "bench", "lease_id": job["lease_id"]}
        await ask(f"{JOBS}/{job['id']}/complete", lease)
        await asyncio.sleep(PAUSE_SECONDS)
    connection.close()
    return quantiles(taken, n=20)[-1]


def measure(rounds: int) -> list[Figure]:
    quiet, flooded, rates = [], [], []
    with serving() as served, ProcessPoolExecutor(1, get_context("spawn")) as other:
        small, large = served.new_keys(2)
        flood = Target(served.url, JOBS, large)
        capacity = repeated(flood, JOB, 2.0)
        for _ in range(rounds):
            quiet.append(asyncio.run(quiet_worker(served.url, small, SECONDS)))
            whole = SECONDS + 2 * LEAD_SECONDS
            flooding = other.submit(repeated, flood, JOB, whole, TIMES * CONNECTIONS, is_flood=True)
            asyncio.run(asyncio.sleep(LEAD_SECONDS))
            flooded.append(asyncio.run(quiet_worker(served.url, small, SECONDS)))
            rates.append(flooding.result())
    value, spread = middle([loud / still for loud, still in zip(flooded, quiet, strict=True)])
    return [
        Figure(
            name="P10",
            what=f"the 95th percentile of one organization's requests while another floods with {TIMES} times"
            " the connections that keep the service busy, against its quiet value",
            goal=2.0,
            goal_is="at most",
            value=value,
            spread=spread,
            unit="ratio",
            command="python -m benchmarks.p10_flood",
            beside={
                "quiet, p95 ms": median(quiet),
                "flooded, p95 ms": median(flooded),
                f"capacity with {CONNECTIONS} connections, jobs/s": capacity,
                f"the flood's {TIMES * CONNECTIONS} connections, jobs/s": median(rates),
            },
            note="Neither organization is held to a rate: that of the largest plan is only stated.",
        )
    ]


if __name__ == "__main__":
    main(measure)
