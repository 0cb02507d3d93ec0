"""What telling of changes adds to them while nobody listens, and while somebody does.

`python -m benchmarks.outbox` makes, claims and completes jobs in turns on one connection against an embedded
PostgreSQL that does not wait for the disk: without anything that tells, with what tells webhooks alone, as
the statements are while nobody watches, and as they are for an organization that is watched, whose changes
go to an embedded Redis. Prints medians in milliseconds, and their ratios to the first.
"""

import asyncio
import random
import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from statistics import median
from time import perf_counter
from typing import NamedTuple

import psycopg

from shared.core import Core
from shared.edge.opening import open_redis
from shared.events.shared_outgoing import LivingOutgoing
from shared.events.wakeups import Wakeups
from shared.jobs import claiming
from shared.jobs import enqueue as enqueuing
from shared.jobs import settle as settling
from shared.jobs.claim import Claim
from shared.settings import Settings
from shared.store import Query, SingleConnection, Statement, Store
from shared.tenants.caller import Caller
from shared.webhooks.outbox import FRAGMENTS
from tests.support.servers import running_servers

TURNS = {1: 2000, 100: 200}
WARM_UP = 50
UNWATCHED, WATCHED = (Caller(org_id=org_id, key_id=1) for org_id in (1, 2))
_TELLING = re.compile(r"\(\n    SELECT tell\(.*?HAVING count\(\*\) > 0\n\)", re.DOTALL)
_GUARD = FRAGMENTS["watched"].sql


class Statements(NamedTuple):
    """The three changes of a job's life."""

    enqueue: Query
    claim: Query
    complete: Query


AS_THEY_ARE = Statements(enqueuing.QUERIES["enqueue_jobs"], claiming.CLAIM, settling.COMPLETE)


def silent(query: Query) -> Query:
    """The query without anything that tells."""
    return _rewritten(query, _TELLING.sub("NULL::bigint", query.sql))


def for_webhooks(query: Query) -> Query:
    """The query as it was before anybody could watch."""
    return _rewritten(
        query,
        query.sql.replace(f"WHERE {_GUARD}\n       OR EXISTS", "WHERE EXISTS").replace(_GUARD, "false"),
    )


def _rewritten(query: Query, sql: str) -> Query:
    if sql == query.sql or _GUARD in sql:
        raise AssertionError(query.name)
    return replace(query, sql=sql)


VARIANTS = {
    "nothing told": (Statements(*map(silent, AS_THEY_ARE)), UNWATCHED),
    "webhooks only": (Statements(*map(for_webhooks, AS_THEY_ARE)), UNWATCHED),
    "nobody watches": (AS_THEY_ARE, UNWATCHED),
    "watched": (AS_THEY_ARE, WATCHED),
}


async def life(core: Core, statements: Statements, caller: Caller, size: int) -> list[float]:
    """Milliseconds of making so many jobs, claiming and completing them."""
    now = datetime.now(UTC)
    jobs = [enqueuing.NewJob("bench", "{}") for _ in range(size)]
    making = enqueuing._parameters(core, caller, jobs, now)  # noqa: SLF001
    taking = claiming.claiming(core, caller, Claim("bench", "w", size), now).statement
    marks = [perf_counter()]
    await core.store.fetch(caller.scope, statements.enqueue, **making)
    marks.append(perf_counter())
    (rows,) = await core.store.fetch_each(caller.scope, [Statement(statements.claim, taking.parameters)])
    marks.append(perf_counter())
    completions = [
        settling.Completion(settling.Hold(row["id"], row["lease_id"]), '{"done": true}') for row in rows
    ]
    settled = settling.completing(caller, "w", completions, now).statement
    marks.append(perf_counter())
    (done,) = await core.store.fetch_each(caller.scope, [Statement(statements.complete, settled.parameters)])
    marks.append(perf_counter())
    if len(done) != size:
        raise AssertionError(len(done))
    return [1000 * (marks[end] - marks[end - 1]) for end in (1, 2, 4)]


async def compare(settings: Settings) -> None:
    outgoing = LivingOutgoing(partial(open_redis, settings), patience_seconds=1.0)
    store = Store(SingleConnection(settings), statement_timeout_ms=30_000, pass_on=outgoing.happened)
    core = Core(settings, store, Wakeups(outgoing=outgoing))
    chance = random.Random(1)  # noqa: S311 - the order of turns is no secret
    for size, turns in TURNS.items():
        taken: dict[str, list[list[float]]] = {name: [] for name in VARIANTS}
        for _ in range(turns + WARM_UP):
            for name in chance.sample([*VARIANTS], len(VARIANTS)):
                taken[name].append(await life(core, *VARIANTS[name], size))
                # Nobody waits for what goes to Redis; the next turn is not to be slowed by it either.
                while outgoing.has_more:  # noqa: ASYNC110 - it sets no Event
                    await asyncio.sleep(0)
        print(f"batch of {size}:          enqueue    claim  complete    together  ratio")
        base = 0.0
        for name, lives in taken.items():
            parts = [median(times) for times in zip(*lives[WARM_UP:], strict=True)]
            together = median(sum(times) for times in lives[WARM_UP:])
            base = base or together
            figures = "  ".join(f"{part:8.3f}" for part in (*parts, together))
            print(f"  {name:<16} {figures}  {together / base:.3f}")
    await core.wakeups.close()
    await store.close()


def main() -> None:
    with running_servers() as servers:
        url = servers.new_database("outbox")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO organization (org_id, name, slug, plan_tier, created_at, updated_at)"
                " SELECT n, 'Bench', 'bench-' || n, 'enterprise', now(), now()"
                " FROM generate_series(1, 2) AS n"
            )
            connection.execute("INSERT INTO watch (org_id, until) VALUES (2, 'infinity')")
        settings = Settings(spooled_env="development", database_url=url, redis_url=servers.redis_url)
        asyncio.run(compare(settings))


if __name__ == "__main__":
    main()
