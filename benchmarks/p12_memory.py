"""P12: memory of the service, idle and under load: `python -m benchmarks.p12_memory`."""

from benchmarks.command import main
from benchmarks.figure import Figure, middle
from benchmarks.filling import fill
from benchmarks.load import JOB, JOBS, Target, repeated, worked_off
from benchmarks.processes import megabytes, with_descendants
from benchmarks.serving import Served, serving

CONNECTIONS = 200
LOADS = 4
JOBS_OF_EACH = 5000
COMMAND = "python -m benchmarks.p12_memory"
DEQUEUE = {"queue_name": JOB["queue_name"], "worker_id": "bench"}


def resident(served: Served) -> float:
    """MB of all processes of the service; PostgreSQL and Redis were not started by it and are not in it."""
    return sum(map(megabytes, with_descendants(served.run.process.pid)))


def after_loads(served: Served) -> list[float]:
    """MB after each of several equal loads: jobs made one by one and in batches, and worked off."""
    key = served.new_key()
    found = []
    for _ in range(LOADS):
        repeated(Target(served.url, JOBS, key), JOB, 2.0, CONNECTIONS)
        fill(served.url, key, str(JOB["queue_name"]), JOBS_OF_EACH)
        worked_off(Target(served.url, f"{JOBS}/dequeue", key), DEQUEUE, 2.0)
        found.append(resident(served))
    return found


def measure(rounds: int) -> list[Figure]:
    idle, growth, loaded = [], [], []
    for _ in range(rounds):
        with serving() as served:
            # One request first: what is opened at the first use is open then.
            served.new_key()
            idle.append(resident(served))
            megabytes_after = after_loads(served)
            loaded.append(megabytes_after[-1])
            growth.append(megabytes_after[-1] / megabytes_after[0])
    value, spread = middle(idle)
    bound, bound_spread = middle(growth)
    return [
        Figure(
            name="P12",
            what="memory of the idle service, all its processes",
            goal=300.0,
            goal_is="at most",
            value=value,
            spread=spread,
            unit="MB",
            command=COMMAND,
            beside={f"after {LOADS} loads, MB": middle(loaded)[0]},
            note="Resident memory of what `make run` starts, without PostgreSQL and Redis.",
        ),
        Figure(
            name="P12",
            what=f"memory after {LOADS} equal loads, against after one: it is bounded",
            goal=1.10,
            goal_is="at most",
            value=bound,
            spread=bound_spread,
            unit="ratio",
            command=COMMAND,
            note=f"A load: jobs made one by one on {CONNECTIONS} connections, {JOBS_OF_EACH:,} in batches,"
            " and jobs worked off on 16 connections.",
        ),
    ]


if __name__ == "__main__":
    main(measure)
