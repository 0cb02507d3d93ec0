"""P8: how soon a worker that waits has a job over HTTP: `python -m benchmarks.p08_pickup`.

From a push being sent to the job being there, by long poll, on an idle queue of a service that is a process
of its own. With PEERS=DIR also beside graphile-worker, in the same run.
"""

import asyncio
import os
from contextlib import closing
from statistics import median, quantiles

from benchmarks.client import HttpConnection
from benchmarks.command import main
from benchmarks.delivery import by_long_poll
from benchmarks.figure import Figure, middle
from benchmarks.peers import SERVICE, SETTING, Peers, middle_of, ratios
from benchmarks.peers_ground import Ground, running_ground

TURNS, WARM_UP = 200, 20
MEDIAN_GOAL, LATE_GOAL = 3.0, 6.0
OTHER = "graphile"
COMMAND = "python -m benchmarks.p08_pickup"


def measure(rounds: int) -> list[Figure]:
    with running_ground() as ground:
        times = [asyncio.run(_round(ground)) for _ in range(rounds)]
        figures = [
            _own("half of the jobs", MEDIAN_GOAL, [median(taken) for taken in times]),
            _own("19 of 20 jobs", LATE_GOAL, [quantiles(taken, n=20)[18] for taken in times]),
        ]
        return figures + (_beside_other(ground, rounds) if SETTING in os.environ else [])


def _own(which: str, goal: float, milliseconds: list[float]) -> Figure:
    value, spread = middle(milliseconds)
    what = f"a worker that waits over HTTP has {which} within"
    return Figure("P8", what, goal, "at most", value, spread, "ms", COMMAND)


async def _round(ground: Ground) -> list[float]:
    with (
        closing(await HttpConnection.open(ground.url, ground.key)) as waiting,
        closing(await HttpConnection.open(ground.url, ground.key)) as pushing,
    ):
        times = [1000 * await by_long_poll(waiting, pushing) for _ in range(WARM_UP + TURNS)]
    return times[WARM_UP:]


def _beside_other(ground: Ground, rounds: int) -> list[Figure]:
    rows = Peers.of(os.environ).run(ground, [OTHER, SERVICE], rounds=0, idle_rounds=rounds)
    beside = {
        f"{name}, {what} ms": middle_of(rows, name, "idle", what)
        for name in (OTHER, SERVICE)
        for what in ("p50", "p95")
    }
    command = f"{SETTING}=DIR {COMMAND}"
    figures = []
    for which, what in (("half of the jobs", "p50"), ("19 of 20 jobs", "p95")):
        value, spread = middle(ratios(rows, SERVICE, OTHER, "idle", what))
        said = f"a worker that waits has {which} within, to graphile-worker's"
        # Once: both are of the same runs.
        of_both = {} if figures else beside
        figures.append(Figure("P8", said, 1.0, "at most", value, spread, "ratio", command, of_both))
    return figures


if __name__ == "__main__":
    main(measure)
