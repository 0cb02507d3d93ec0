"""P1: create one job over HTTP, against a bare FastAPI route: `python -m benchmarks.p01_create`."""

from benchmarks.command import main
from benchmarks.figure import Figure, middle
from benchmarks.load import CONNECTIONS, JOB, JOBS, NOOP, Target, client, repeated
from benchmarks.serving import bare_route, serving
from benchmarks.turns import in_turn

SECONDS = 2.0


def measure(rounds: int) -> list[Figure]:
    with serving() as served, bare_route() as bare:
        create, noop = Target(served.url, JOBS, served.new_key()), Target(bare, NOOP)
        takes = {
            "jobs created, 1/s": lambda: repeated(create, JOB, SECONDS),
            "answers of the bare route, 1/s": lambda: repeated(noop, JOB, SECONDS),
        }
        found = in_turn(rounds, takes)
    value, spread = middle(found.ratios(*takes))
    return [
        Figure(
            name="P1",
            what=f"create one job over HTTP, {CONNECTIONS} connections, against a bare FastAPI route",
            goal=0.60,
            goal_is="at least",
            value=value,
            spread=spread,
            unit="ratio",
            command="python -m benchmarks.p01_create",
            beside={name: found.median(name) for name in takes},
            note="The full service in one process; PostgreSQL waits for the disk. The bare route validates"
            f" the same fields. Load: {client()}.",
        )
    ]


if __name__ == "__main__":
    main(measure)
