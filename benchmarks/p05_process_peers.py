"""P5: work off jobs, beside graphile-worker with batching: `PEERS=DIR python -m benchmarks.p05_process_peers`

One worker process each, no-op jobs. Spooled's worker is taken twice: with one loop of ten jobs, which waits
for its acknowledgement before it goes on, and with two loops of twenty. graphile-worker never waits: it has
fetched twenty jobs ahead and acknowledges in batches behind.
"""

import os
import subprocess
import sys

from benchmarks.command import main
from benchmarks.figure import Figure, middle
from benchmarks.filling import fill
from benchmarks.peers import JOBS, SERVICE, Peers, middle_of, ratios
from benchmarks.peers_ground import Ground, running_ground
from benchmarks.worker import QUEUE

OTHER = "graphile_batch"
AHEAD = "service_ahead"
LOOPS, LIMIT = 2, 20


def measure(rounds: int) -> list[Figure]:
    rows = []
    with running_ground() as ground:
        for turn in range(rounds):
            found = Peers.of(os.environ).run(ground, [OTHER, SERVICE], rounds=1)
            rows += [{**row, "rep": turn} for row in found]
            rows.append({"name": AHEAD, "phase": "work", "rep": turn, "jobs_s": rate_ahead(ground)})
    rates = {f"{name}, jobs/s": middle_of(rows, name, "work", "jobs_s") for name in (OTHER, SERVICE, AHEAD)}

    def figure(name: str, what: str, note: str) -> Figure:
        value, spread = middle(ratios(rows, name, OTHER, "work", "jobs_s"))
        return Figure(
            name="P5",
            what=f"{what}, to graphile-worker with batching",
            goal=1.0,
            goal_is="at least",
            value=value,
            spread=spread,
            unit="ratio",
            command="PEERS=DIR python -m benchmarks.p05_process_peers",
            beside=rates if name == SERVICE else {},
            note=note,
        )

    return [
        figure(
            SERVICE,
            "work off jobs, ten at a time, each ten acknowledged before the next",
            "graphile-worker runs on while it acknowledges. See [peers](peers.md).",
        ),
        figure(
            AHEAD, "work off jobs, twenty at a time, the next twenty meanwhile", "As graphile-worker does."
        ),
    ]


def rate_ahead(ground: Ground) -> float:
    """Jobs a second of a worker that does not wait for its acknowledgements."""
    fill(ground.url, ground.key, QUEUE, JOBS)
    said = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.worker", ground.url),
            *("--jobs", str(JOBS), "--loops", str(LOOPS), "--limit", str(LIMIT)),
        ],
        env={**os.environ, "SPOOLED_API_KEY": ground.key},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    return float(said)


if __name__ == "__main__":
    main(measure)
