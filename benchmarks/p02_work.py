"""P2: dequeue and complete over HTTP, one by one, against bare routes: `python -m benchmarks.p02_work`."""

from benchmarks.command import main
from benchmarks.figure import Figure, middle
from benchmarks.filling import fill
from benchmarks.load import CONNECTIONS, JOB, JOBS, NOOP, Target, client, repeated, worked_off
from benchmarks.serving import bare_route, serving
from benchmarks.turns import in_turn

SECONDS = 2.0
DEQUEUE = {"queue_name": JOB["queue_name"], "worker_id": "bench"}
ENOUGH = 12_000
"""Jobs that no slice works off."""


def measure(rounds: int) -> list[Figure]:
    with serving() as served, bare_route() as bare:
        work, noop = Target(served.url, f"{JOBS}/dequeue", served.new_key()), Target(bare, NOOP)
        waiting = 0.0

        def take_work() -> float:
            nonlocal waiting
            fill(served.url, work.key, str(JOB["queue_name"]), int(ENOUGH - waiting))
            rate = worked_off(work, DEQUEUE, SECONDS)
            waiting = ENOUGH - rate * SECONDS
            return rate

        takes = {
            "jobs taken and completed, 1/s": take_work,
            "two answers of the bare route, 1/s": lambda: repeated(noop, JOB, SECONDS) / 2,
        }
        found = in_turn(rounds, takes)
    value, spread = middle(found.ratios(*takes))
    return [
        Figure(
            name="P2",
            what=f"dequeue and complete one job at a time over HTTP, {CONNECTIONS} connections,"
            " against two bare FastAPI routes",
            goal=0.50,
            goal_is="at least",
            value=value,
            spread=spread,
            unit="ratio",
            command="python -m benchmarks.p02_work",
            beside={name: found.median(name) for name in takes},
            note=f"Two requests for each job, which waits already. Load: {client()}.",
        )
    ]


if __name__ == "__main__":
    main(measure)
