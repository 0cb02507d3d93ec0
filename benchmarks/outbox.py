"""What the outbox adds to claim and complete while nobody subscribes: `python -m benchmarks.outbox`.

Runs the statements as they are, and without what tells webhooks, in turns on one connection against an
embedded PostgreSQL that does not wait for the disk. Prints medians and their ratio.
"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from statistics import median
from time import perf_counter

import psycopg

from shared.core import Core
from shared.events.wakeups import Wakeups
from shared.jobs import claim as claiming
from shared.jobs import settle as settling
from shared.jobs.enqueue import NewJob, enqueue_jobs
from shared.settings import Settings
from shared.store import Query, SingleConnection, Statement, Store, tenant
from shared.tenants.caller import Caller
from shared.webhooks.outbox import telling_completions, telling_of_jobs
from tests.support.servers import running_servers

TURNS = {1: 3000, 100: 300}
WARM_UP = 50
ORG = Caller(org_id=1, key_id=1)
TELLING = (
    telling_of_jobs("job.started", rows="claimed"),
    telling_of_jobs("job.completed", rows="archived", result="archived.result"),
    telling_completions("job.completed"),
)


def silent(query: Query) -> Query:
    """The query as it was before there were webhooks to tell."""
    sql = query.sql
    for name, telling in zip(("told", "told", "told_itself"), TELLING, strict=True):
        sql = sql.replace(f",\n       {telling} AS {name}", "").replace(f", {telling} AS {name}", "")
    if "tell_" in sql or sql == query.sql:
        raise AssertionError(query.name)
    return replace(query, sql=sql)


async def lifecycle(core: Core, claim: Query, complete: Query, size: int) -> float:
    """Milliseconds of a claim and the complete of what it gave."""
    await enqueue_jobs(core, ORG, [NewJob("bench", "{}") for _ in range(size)], datetime.now(UTC))
    now = datetime.now(UTC)
    taking = claiming._claiming(ORG, claiming.Claim("bench", "w", size), now)  # noqa: SLF001
    start = perf_counter()
    (rows,) = await core.store.fetch_each(tenant(1), [Statement(claim, taking.parameters)])
    completions = [
        settling.Completion(settling.Hold(row["id"], row["lease_id"]), '{"done": true}') for row in rows
    ]
    settled = settling.completing(ORG, "w", completions, now).statement
    (done,) = await core.store.fetch_each(tenant(1), [Statement(complete, settled.parameters)])
    taken = perf_counter() - start
    if len(done) != size:
        raise AssertionError(len(done))
    return taken * 1000


async def compare(database_url: str) -> None:
    settings = Settings(spooled_env="development", database_url=database_url, redis_url="none")
    store = Store(SingleConnection(settings), statement_timeout_ms=30_000)
    core = Core(settings, store, Wakeups())
    after = (claiming.CLAIM, settling.QUERIES["complete_jobs"])
    before = (silent(after[0]), silent(after[1]))
    for size, turns in TURNS.items():
        taken: dict[str, list[float]] = {"before": [], "after": []}
        for turn in range(turns + WARM_UP):
            pair = [("before", before), ("after", after)]
            for name, queries in pair if turn % 2 else reversed(pair):
                taken[name].append(await lifecycle(core, *queries, size))
        medians = {name: median(times[WARM_UP:]) for name, times in taken.items()}
        print(
            f"batch of {size}: before {medians['before']:.3f} ms, after {medians['after']:.3f} ms,"
            f" ratio {medians['after'] / medians['before']:.3f}"
        )
    await store.close()


def main() -> None:
    with running_servers() as servers:
        url = servers.new_database("outbox")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO organization (org_id, name, slug, plan_tier, created_at, updated_at)"
                " VALUES (1, 'Bench', 'bench', 'enterprise', now(), now())"
            )
        asyncio.run(compare(url))


if __name__ == "__main__":
    main()
