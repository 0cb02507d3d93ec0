"""A worker process that works off no-op jobs over HTTP: `python -m benchmarks.worker URL --jobs 2000`.

It has loops that hand back what they have done and take the next in one request. With more than one, jobs
are run while others are acknowledged, as a worker with a local queue does. The key is SPOOLED_API_KEY. Prints
jobs a second, from the first that it ran to the last.
"""

import argparse
import asyncio
import os
from contextlib import closing
from time import perf_counter
from typing import Any

from benchmarks.client import HttpConnection

QUEUE = "default"


async def rate(url: str, key: str, jobs: int, loops: int, limit: int) -> float:
    """Jobs a second, of so many that are there already."""
    taking = {"queue_name": QUEUE, "limit": limit, "wait_seconds": 0}
    times: list[float] = []

    async def loop() -> None:
        with closing(await HttpConnection.open(url, key)) as connection:
            asked = {**taking, "worker_id": "bench"}
            held = (await connection.request("POST", "/api/v1/jobs/claim", asked))["jobs"]
            while True:
                times.extend(perf_counter() for _ in held)
                done = [{"id": job["id"], "lease_id": job["lease_id"]} for job in held]
                body: dict[str, Any] = {"worker_id": "bench", "jobs": done}
                if len(times) < jobs:
                    body["claim_next"] = taking
                held = (await connection.request("POST", "/api/v1/jobs/complete", body)).get("next")
                if not held:
                    return

    await asyncio.gather(*[loop() for _ in range(loops)])
    if len(times) != jobs:
        raise ValueError(f"{len(times)} jobs were run")
    return (jobs - 1) / (times[-1] - times[0])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--jobs", type=int, default=2000)
    parser.add_argument("--loops", type=int, default=2)
    parser.add_argument("--limit", type=int, default=20)
    given = parser.parse_args()
    key = os.environ["SPOOLED_API_KEY"]
    print(asyncio.run(rate(given.url, key, given.jobs, given.loops, given.limit)))


if __name__ == "__main__":
    main()
