"""P13: what a million jobs cost in the cloud, from measured times: `python -m benchmarks.p13_cost`.

The Lambda handlers run here, one request at a time, on a PostgreSQL that waits for the disk. Their time, the
processor time of PostgreSQL and the log that it writes are priced by infra/prices.py.
"""

import asyncio
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import psycopg

from benchmarks.cold_start import SECRET, http_event, new_key
from benchmarks.command import main
from benchmarks.figure import Figure, middle
from benchmarks.load import JOB, JOBS
from benchmarks.processes import server_seconds
from functions.jobs import bulk, claim, complete, complete_batch, create, dequeue
from infra import prices
from infra.costs import LOGGED_KILOBYTES, VALKEY_UNITS, Line, Shape, total
from infra.costs import REQUESTS as REQUESTS_OF_THREE
from infra.prices import MILLION
from localstack.postgres import running_postgres
from localstack.redis import running_redis
from shared.settings import Settings
from shared.store.migrate import migrate

BATCH = 100
LIVES, BATCHES = 400, 40
"""Of a round: jobs one by one, and batches."""
PROCESSOR_MB = 1769
"""The memory at which Lambda gives one processor; with less it gives the part."""
UNITS_OF_A_PROCESSOR = 4
"""An Aurora capacity unit has 2 GB, and its larger instances have 8 GB for each processor."""
WRITE_BYTES = 4096
"""Of the log in what Aurora counts as one write."""
COMMAND = "python -m benchmarks.p13_cost"
QUEUE = JOB["queue_name"]


@dataclass(frozen=True)
class Used:
    """What a job used from its making to its end: milliseconds, bytes, and requests and commits."""

    requests: float
    handler_ms: float
    handler_processor_ms: float
    database_ms: float
    log_bytes: float

    def lines(self, shape: Shape) -> list[Line]:
        """What a million of them cost."""
        # Here the handler has a whole processor, there a part of one.
        share = min(1.0, shape.memory_mb / PROCESSOR_MB)
        billed_ms = self.handler_ms + self.handler_processor_ms * (1 / share - 1)
        writes = max(self.requests, self.log_bytes / WRITE_BYTES)
        units = self.database_ms * UNITS_OF_A_PROCESSOR * shape.instances
        return [
            Line("HTTP API", "", self.requests, prices.HTTP_API),
            Line("Lambda, requests", "", self.requests, prices.LAMBDA_REQUESTS),
            Line("Lambda, time", "", billed_ms / 1000 * MILLION * shape.gigabytes, prices.LAMBDA_TIME),
            Line("Aurora, capacity", "", units / 1000 * MILLION / 3600, prices.AURORA_CAPACITY),
            Line("Aurora, writes", "", writes, prices.AURORA_IO),
            Line("Valkey", "", self.requests * VALKEY_UNITS / REQUESTS_OF_THREE, prices.VALKEY_UNITS),
            Line("logs", "", self.requests * LOGGED_KILOBYTES, prices.LOGS),
        ]


class Handlers:
    """The handlers as Lambda calls them, each with a connection of its own, and what they used."""

    def __init__(self, key: str, database: psycopg.Connection[Any]) -> None:
        self._key = key
        self._database = database
        self._wall = self._processor = 0.0
        self._requests = 0

    def call(self, module: Any, path: str, body: Any) -> Any:
        """The answer of a function to a POST. Raises RuntimeError when it is an error."""
        event = http_event("POST", path, self._key, body)
        wall, processor = perf_counter(), process_time()
        answer = module.handler(event, None)
        self._processor += process_time() - processor
        self._wall += perf_counter() - wall
        self._requests += 1
        if answer["statusCode"] >= 400:  # noqa: PLR2004 - as HTTP has it
            raise RuntimeError(answer["body"])
        return json.loads(answer["body"])

    def used(self, jobs: int, work: Callable[[], None]) -> Used:
        """By each of so many jobs, while the work is done."""
        self._wall = self._processor = 0.0
        self._requests = 0
        backend = self._database.info.backend_pid
        seconds, log = server_seconds(backend), self._log_bytes()
        work()
        return Used(
            self._requests / jobs,
            1000 * self._wall / jobs,
            1000 * self._processor / jobs,
            1000 * (server_seconds(backend) - seconds) / jobs,
            (self._log_bytes() - log) / jobs,
        )

    def _log_bytes(self) -> int:
        row = self._database.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn").fetchone()
        assert row
        return int(row[0])

    def one_by_one(self) -> None:
        """Jobs that are made singly, by a worker that takes the next job with each completion."""
        next_job = {"queue_name": QUEUE}
        self.call(create, JOBS, JOB)
        held = self.call(dequeue, f"{JOBS}/dequeue", {**next_job, "worker_id": "bench"})
        for _ in range(LIVES):
            self.call(create, JOBS, JOB)
            held = self._complete(held, {"claim_next": next_job})["next"][0]
        self._complete(held, {})

    def in_three_requests(self) -> None:
        """The same, by a worker that takes and completes in two requests."""
        for _ in range(LIVES):
            self.call(create, JOBS, JOB)
            held = self.call(dequeue, f"{JOBS}/dequeue", {"queue_name": QUEUE, "worker_id": "bench"})
            self._complete(held, {})

    def _complete(self, held: Any, more: dict[str, Any]) -> Any:
        lease = {"worker_id": "bench", "lease_id": held["lease_id"]}
        return self.call(complete, f"{JOBS}/{held['id']}/complete", lease | more)

    def in_batches(self) -> None:
        """Jobs that are made, completed and taken by the hundred."""
        new = {"queue_name": QUEUE, "jobs": [{"payload": JOB["payload"]}] * BATCH}
        take = {"queue_name": QUEUE, "limit": BATCH}
        self.call(bulk, f"{JOBS}/bulk", new)
        held = self.call(claim, f"{JOBS}/claim", {"worker_id": "bench", **take})["jobs"]
        for turn in range(BATCHES):
            body: dict[str, Any] = {
                "worker_id": "bench",
                "jobs": [{"id": job["id"], "lease_id": job["lease_id"]} for job in held],
            }
            if turn < BATCHES - 1:
                self.call(bulk, f"{JOBS}/bulk", new)
                body["claim_next"] = take
            held = self.call(complete_batch, f"{JOBS}/complete", body).get("next", [])


def measured(rounds: int) -> dict[str, list[Used]]:
    """What a job used in each round, by the way it went."""
    found: dict[str, list[Used]] = {"single": [], "three": [], "batched": []}
    with tempfile.TemporaryDirectory(prefix="spooled-bench-") as folder:
        home = Path(folder)
        with running_postgres(home) as database_url, running_redis(home) as redis_url:
            asyncio.run(migrate(database_url))
            settings = Settings(spooled_env="development", database_url=database_url, secret_key=SECRET)
            key = asyncio.run(new_key(settings))
            os.environ |= {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "SECRET_KEY": SECRET}
            asyncio.set_event_loop(asyncio.new_event_loop())
            with psycopg.connect(database_url, autocommit=True) as database:
                handlers = Handlers(key, database)
                ways = {
                    "single": (LIVES, handlers.one_by_one),
                    "three": (LIVES, handlers.in_three_requests),
                    "batched": (BATCH * BATCHES, handlers.in_batches),
                }
                for turn in range(-1, rounds):
                    for name, (jobs, work) in ways.items():
                        used = handlers.used(jobs, work)
                        if turn >= 0:  # the one before warms up
                            found[name].append(used)
    return found


def with_io(used: Used, shape: Shape) -> float:
    """Dollars on a cluster that is I/O-Optimized."""
    lines = {line.what: line for line in used.lines(shape)}
    capacity = lines.pop("Aurora, capacity")
    del lines["Aurora, writes"]
    return total([*lines.values(), replace(capacity, price=prices.AURORA_CAPACITY_WITH_IO)])


def figure(what: str, goal: float, found: Sequence[Used], beside: dict[str, float], note: str) -> Figure:
    shape = Shape.shipped()
    value, spread = middle([total(used.lines(shape)) for used in found])
    parts = zip(*[used.lines(shape) for used in found], strict=True)
    costs = {f"{lines[0].what}, $": median(line.dollars for line in lines) for lines in parts}
    costs["on an I/O-Optimized cluster, together, $"] = median(with_io(used, shape) for used in found)
    measured_of = {
        "of the handlers, ms a job": median(used.handler_ms for used in found),
        "of which processor, ms a job": median(used.handler_processor_ms for used in found),
        "of PostgreSQL's processor, ms a job": median(used.database_ms for used in found),
        "of PostgreSQL's log, bytes a job": median(used.log_bytes for used in found),
    }
    return Figure(
        name="P13",
        what=what,
        goal=goal,
        goal_is="at most",
        value=value,
        spread=spread,
        unit="$",
        command=COMMAND,
        beside=costs | measured_of | beside,
        note=note,
    )


def measure(rounds: int) -> list[Figure]:
    found, shape = measured(rounds), Shape.shipped()
    three = median(total(used.lines(shape)) for used in found["three"])
    return [
        figure(
            "a million jobs, each made, taken and completed by itself",
            4.0,
            found["single"],
            {"with three requests a job instead of two, $": three},
            "Two requests a job: the one that completes it takes the next (`claim_next`). In dollars as"
            f" infra/prices.py has them, of {prices.AS_OF}, with {shape.memory_mb} MB a function and"
            f" {shape.instances} instances of the database. What is kept afterwards, and what is sent over"
            " the internet, is not in it: docs/deploy.md has both.",
        ),
        figure(f"a million jobs in batches of {BATCH}", 0.10, found["batched"], {}, "Of the same parts."),
    ]


if __name__ == "__main__":
    main(measure)
