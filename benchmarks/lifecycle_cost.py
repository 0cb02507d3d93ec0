"""What a job costs the database, from being made to being completed: `python -m benchmarks.lifecycle_cost`.

Milliseconds of processor of all processes of an embedded PostgreSQL that waits for the disk at each commit:
one job at a time, one at a time by many callers whose requests share statements, and in batches. The ways
take turns. Prints medians, the lowest and the highest round, and what a core carries when it is used to 60 %.
"""

import argparse
import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psycopg

from benchmarks.processes import server_seconds
from benchmarks.together import ORG, REQUESTS, measure_round
from localstack.postgres import running_postgres
from shared import ids
from shared.core import Core
from shared.edge.opening import open_core
from shared.jobs.claim import Claim
from shared.jobs.claim_wait import claim_jobs
from shared.jobs.enqueue import NewJob, enqueue_jobs
from shared.jobs.refusal import Hold
from shared.jobs.settle import Completion, complete_jobs
from shared.settings import Settings
from shared.store.migrate import migrate

BATCH, BATCHES = 100, 20
UTILISATION = 0.6
"""What is planned for: the rest is for peaks, vacuum, back-ups and a node that is lost."""
Costs = dict[str, list[float]]
"""Milliseconds of database processor for a lifecycle, by way and in each round."""


async def alone(core: Core) -> int:
    await measure_round(core, 1, defaultdict(list))
    return REQUESTS


async def by_callers(core: Core) -> int:
    await measure_round(core, 16, defaultdict(list))
    return REQUESTS


async def batched(core: Core) -> int:
    for _ in range(BATCHES):
        made = [NewJob("bench", f'{{"n": {number}}}') for number in range(BATCH)]
        await enqueue_jobs(core, ORG, made, datetime.now(UTC))
        jobs = await claim_jobs(core, ORG, Claim("bench", "w", BATCH))
        done = [
            Completion(
                Hold(ids.decode("job", job["id"]), ids.decode("lease", job["lease_id"])), '{"done": true}'
            )
            for job in jobs
        ]
        outcomes = await complete_jobs(core, ORG, "w", done, datetime.now(UTC))
        for outcome in outcomes:
            outcome.row_or_raise()
        if len(outcomes) != BATCH:
            raise AssertionError(len(outcomes))
    return BATCHES * BATCH


WAYS: dict[str, Callable[[Core], Awaitable[int]]] = {
    "single": alone,
    "single, 16 callers": by_callers,
    f"batched by {BATCH}": batched,
}


def lifecycle_costs(rounds: int) -> Costs:
    """Measure on a server of its own, which is gone afterwards."""
    with tempfile.TemporaryDirectory() as home, running_postgres(Path(home)) as url:
        asyncio.run(migrate(url))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO organization (org_id, name, slug, plan_tier, created_at, updated_at)"
                " VALUES (1, 'Bench', 'bench', 'enterprise', now(), now())"
            )
            settings = Settings(spooled_env="development", database_url=url, redis_url="none")
            return asyncio.run(_measure(settings, connection.info.backend_pid, rounds))


async def _measure(settings: Settings, backend: int, rounds: int) -> Costs:
    core = await open_core(settings)
    costs: Costs = {name: [] for name in WAYS}
    for turn in range(rounds + 1):
        for name, way in WAYS.items():
            before = server_seconds(backend)
            lifecycles = await way(core)
            # The first turn warms up.
            if turn:
                costs[name].append(1000 * (server_seconds(backend) - before) / lifecycles)
    await core.close()
    return costs


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    for name, rounds in lifecycle_costs(parser.parse_args().rounds).items():
        cost = median(rounds)
        print(
            f"{name:<20} {cost:.3f} ms ({min(rounds):.3f} to {max(rounds):.3f}),"
            f" {1000 * UTILISATION / cost:,.0f} lifecycles/s on a core"
        )


if __name__ == "__main__":
    main()
