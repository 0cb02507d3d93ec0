"""P4: create jobs one by one, beside queues on PostgreSQL: `PEERS=DIR python -m benchmarks.p04_enqueue_peers`

The others are called directly, by a library in the process that sends; Spooled over HTTP. Eight send at once.
"""

import os

from benchmarks.command import main
from benchmarks.figure import Figure, middle
from benchmarks.peers import SERVICE, Peers, middle_of, ratios
from benchmarks.peers_ground import running_ground

DIRECT = ("procrastinate", "pgqueuer", "chancy", "oban", "pgboss", "graphile")


def measure(rounds: int) -> list[Figure]:
    with running_ground() as ground:
        rows = Peers.of(os.environ).run(ground, [*DIRECT, SERVICE], rounds=rounds)
    took_part = [name for name in DIRECT if any(row["name"] == name for row in rows)]
    rates = {name: middle_of(rows, name, "enqueue", "jobs_s") for name in [*took_part, SERVICE]}
    best = max(took_part, key=lambda name: rates[name])
    value, spread = middle(ratios(rows, SERVICE, best, "enqueue", "jobs_s"))
    return [
        Figure(
            name="P4",
            what=f"create one job over HTTP, to the same with {best} called directly",
            goal=1.0,
            goal_is="at least",
            value=value,
            spread=spread,
            unit="ratio",
            command="PEERS=DIR python -m benchmarks.p04_enqueue_peers",
            beside={f"{name}, jobs/s": rate for name, rate in rates.items()},
            note=f"Of {len(took_part)} queues on PostgreSQL {best} was the fastest. See [peers](peers.md).",
        )
    ]


if __name__ == "__main__":
    main(measure)
