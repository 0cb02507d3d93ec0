"""Ten times what a process can take, and what becomes of everybody: `python -m benchmarks.overload`."""

import asyncio
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median, quantiles
from time import perf_counter, sleep

import httpx
import orjson

from benchmarks.client import HttpConnection
from benchmarks.command import main
from benchmarks.figure import Figure, middle
from benchmarks.load import JOB, JOBS, Target, repeated
from benchmarks.open_loop import Offered, offer
from benchmarks.p10_flood import quiet_worker
from benchmarks.p12_memory import resident
from benchmarks.serving import Served, serving

TIMES = 10
SECONDS, LEAD_SECONDS = 10.0, 2.0
BATCH = {"queue_name": JOB["queue_name"], "jobs": [{"payload": JOB["payload"]}] * 300}
"""Three hundred jobs in a request: it is the service that is short, not what makes the load."""
COMMAND = "python -m benchmarks.overload"
_CALM = 5


def measure(rounds: int) -> list[Figure]:
    seen = [_round() for _ in range(rounds)]

    def figure(what: str, goal: float, unit: str, name: str, *beside: str) -> Figure:
        value, spread = middle([one[name] for one in seen])
        return Figure(
            name="Overload",
            what=what,
            goal=goal,
            goal_is="at most",
            value=value,
            spread=spread,
            unit=unit,
            command=COMMAND,
            beside={name: median(one[name] for one in seen) for name in beside},
        )

    return [
        figure(
            "acknowledged jobs that are not there, and jobs that nobody was told of",
            0,
            "jobs",
            "jobs missing or too many",
            "capacity, requests/s",
            "offered, requests/s",
            "sent of those",
            "served",
            "refused",
            "refused without Retry-After",
            "lost",
        ),
        figure(
            "99th percentile of the time until a refusal",
            2.0,
            "s",
            "refused, p99 s",
            "refused, median s",
            "served, median s",
            "of these the client's own lag, p99 s",
            "served, p99 s",
        ),
        figure("memory at its most, to that before", 2.0, "ratio", "memory", "MB", "connections"),
        figure("time until answers are as quick as twice their quiet value", 5.0, "s", "recovery, s"),
        figure(
            "95th percentile of another organization meanwhile, to its quiet value",
            2.0,
            "ratio",
            "another",
            "quiet, p95 ms",
            "meanwhile, p95 ms",
        ),
        figure("served at capacity, to served meanwhile", 2.0, "ratio", "goodput"),
    ]


def _round() -> dict[str, float]:
    with serving() as served, ProcessPoolExecutor(1, get_context("spawn")) as other:
        small, large, first = served.new_keys(3)
        capacity = repeated(Target(served.url, f"{JOBS}/bulk", first), BATCH, 4.0)
        flood = Target(served.url, f"{JOBS}/bulk", large)
        quiet = asyncio.run(quiet_worker(served.url, small, SECONDS / 2))
        calm_mb = resident(served)
        length = SECONDS + 2 * LEAD_SECONDS
        flooding = other.submit(offer, flood, orjson.dumps(BATCH), TIMES * capacity, length)
        sleep(LEAD_SECONDS)
        meanwhile = asyncio.run(quiet_worker(served.url, small, SECONDS))
        most_mb = _watched(served, flooding)
        offered = flooding.result()
        recovery = asyncio.run(_recovery(served.url, small, 2 * quiet / 1000))
        made = _jobs(served, large)
    refused, answered = _percentiles(offered.refused), _percentiles(offered.served)
    return {
        "jobs missing or too many": abs(made - offered.jobs),
        "capacity, requests/s": capacity,
        "offered, requests/s": TIMES * capacity,
        "sent of those": _sent(offered) / (TIMES * capacity * length),
        "served": len(offered.served),
        "refused": len(offered.refused),
        "refused without Retry-After": offered.unsaid,
        "lost": offered.lost,
        "refused, median s": refused[49],
        "refused, p99 s": refused[98],
        "served, median s": answered[49],
        "of these the client's own lag, p99 s": _percentiles(offered.lags)[98],
        "served, p99 s": answered[98],
        "memory": most_mb / calm_mb,
        "MB": most_mb,
        "connections": offered.most_connections,
        "recovery, s": recovery,
        "another": meanwhile / quiet,
        "quiet, p95 ms": quiet,
        "meanwhile, p95 ms": meanwhile,
        "goodput": capacity * length / max(1, len(offered.served)),
    }


def _sent(offered: Offered) -> int:
    return len(offered.served) + len(offered.refused) + offered.lost


def _percentiles(seconds: list[float]) -> list[float]:
    return quantiles(seconds, n=100) if len(seconds) > 1 else [0.0] * 99


def _jobs(served: Served, key: str) -> int:
    answer = httpx.get(
        f"{served.url}{JOBS}/stats", headers={"Authorization": f"Bearer {key}"}, timeout=60
    ).raise_for_status()
    return int(answer.json()["total"])


def _watched(served: Served, flooding: "Future[Offered]") -> float:
    """MB at the most until the flood ends."""
    most = resident(served)
    while not flooding.done():
        sleep(0.1)
        most = max(most, resident(served))
    return most


async def _recovery(url: str, key: str, quick: float) -> float:
    """Seconds until so many answers in a row were as quick as that."""
    start, calm = perf_counter(), 0
    connection = await HttpConnection.open(url, key)
    while calm < _CALM:
        asked = perf_counter()
        await connection.request("POST", JOBS, JOB)
        calm = calm + 1 if perf_counter() - asked <= quick else 0
    connection.close()
    return perf_counter() - start


if __name__ == "__main__":
    main(measure)
