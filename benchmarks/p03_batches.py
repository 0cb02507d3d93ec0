"""P3: jobs over HTTP in batches, against PostgreSQL alone: `python -m benchmarks.p03_batches`."""

from functools import partial

from benchmarks.ceiling import Ceiling
from benchmarks.command import main
from benchmarks.figure import Figure, middle
from benchmarks.load import client, lived
from benchmarks.serving import serving
from benchmarks.turns import in_turn

SECONDS = 2.0
CONNECTIONS = 8
SIZES = (100, 10, 1)
"""Of a batch; the first is the figure's."""


def measure(rounds: int) -> list[Figure]:
    with serving() as served:
        key, ceiling = served.new_key(), Ceiling(served.database_url)
        takes = {}
        for size in SIZES:
            takes[f"Spooled, jobs/s at {size} a batch"] = partial(
                lived, served.url, key, size, SECONDS, CONNECTIONS
            )
            alone = partial(ceiling.lives, size, CONNECTIONS, SECONDS)
            takes[f"PostgreSQL alone, jobs/s at {size} a batch"] = alone
        found = in_turn(rounds, takes)
    value, spread = middle(found.ratios(*[*takes][:2]))
    return [
        Figure(
            name="P3",
            what=f"the life of a job over HTTP in batches of {SIZES[0]}, against pgbench with the same table"
            " design, batch and number of clients",
            goal=0.50,
            goal_is="at least",
            value=value,
            spread=spread,
            unit="ratio",
            command="python -m benchmarks.p03_batches",
            beside={name: found.median(name) for name in takes},
            note="`POST /jobs/bulk`, then `POST /jobs/complete` with `claim_next`; pgbench runs the bare"
            " statements of enqueue, claim and complete, without tenants, limits, retries or events."
            f" Load: {client()}.",
        )
    ]


if __name__ == "__main__":
    main(measure)
