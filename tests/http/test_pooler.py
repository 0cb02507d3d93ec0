"""Many environments of one connection each, over few of the database: pgbouncer by transaction."""

import asyncio
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg import sql

from functions.app import every_function
from shared.core import Core
from shared.edge.service import Service
from shared.events.wakeups import Wakeups
from shared.settings import Settings
from shared.store import PooledConnections, Query, SingleConnection, Statement, Store, tenant
from shared.store.migrate import migrate
from tests.support.api import Api, Tenant
from tests.support.clock import MovingClock
from tests.support.pooler import SERVER_CONNECTIONS, Pooler, running_pooler
from tests.support.servers import Servers

ENVIRONMENTS = 50
LEFT_BEHIND = """
SELECT pg_backend_pid() AS pid,
       (SELECT count(*) FROM pg_prepared_statements)
       + (SELECT count(*) FROM pg_listening_channels())
       + (SELECT count(*) FROM pg_cursors)
       + (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')
       + (SELECT count(*) FROM pg_class WHERE relpersistence = 't') AS things,
       current_user = session_user AND current_setting('role') = 'none' AS is_itself,
       coalesce(current_setting('spooled.org_id', true), '') AS org,
       (SELECT array_agg(name || '=' || setting) FROM pg_settings
         WHERE source = 'session' AND name NOT IN ('application_name', 'client_encoding', 'DateStyle',
                                                   'TimeZone', 'standard_conforming_strings')) AS changed
"""


@pytest.fixture(scope="module")
def pooler(servers: Servers) -> Iterator[Pooler]:
    """A pooler in front of a database of these tests' own."""
    with tempfile.TemporaryDirectory(prefix="spooled-pooler-") as folder:
        url = servers.new_database(f"pooled_{uuid.uuid4().hex[:8]}")
        with running_pooler(Path(folder), url) as running:
            yield running


class Environments(httpx.AsyncBaseTransport):
    """As Lambda does it: a request has an environment to itself, whichever is free."""

    def __init__(self, cores: list[Core]) -> None:
        self._free: asyncio.Queue[httpx.ASGITransport] = asyncio.Queue()
        endpoints = every_function()[0]
        for core in cores:
            self._free.put_nowait(httpx.ASGITransport(Service(endpoints, _opened(core))))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        environment = await self._free.get()
        try:
            return await environment.handle_async_request(request)
        finally:
            self._free.put_nowait(environment)


def _opened(core: Core) -> Callable[[], Awaitable[Core]]:
    async def opened() -> Core:
        return core

    return opened


@asynccontextmanager
async def environments(settings: Settings, count: int, clock: MovingClock) -> AsyncIterator[list[Core]]:
    cores = [
        Core(
            settings,
            Store(SingleConnection(settings), statement_timeout_ms=settings.statement_timeout_ms),
            Wakeups(),
            clock=clock,
        )
        for _ in range(count)
    ]
    try:
        yield cores
    finally:
        for core in cores:
            await core.close()


@asynccontextmanager
async def serving(cores: list[Core]) -> AsyncIterator[Api]:
    async with httpx.AsyncClient(
        transport=Environments(cores), base_url="http://spooled", timeout=60
    ) as client:
        yield Api(client)


@pytest.mark.parametrize("prepare_threshold", [None, 0], ids=["default", "never"])
async def test_the_life_of_jobs_through_a_pooler(
    settings: Settings, pooler: Pooler, clock: MovingClock, prepare_threshold: int | None
) -> None:
    """Each request by another environment, each transaction on another connection: all goes as without."""
    pooled = settings.model_copy(
        update={"database_url": pooler.url, "redis_url": "none", "prepare_threshold": prepare_threshold}
    )
    async with environments(pooled, 7, clock) as cores, serving(cores) as api:
        org = await api.new_tenant()
        for _ in range(3):  # often enough for the driver to prepare what it would prepare
            await _live(org, clock)
            for tick in every_function()[1]:
                await tick.run_once(cores[0], clock(), 1.0)

    await _assert_nothing_is_left(pooler)


async def test_transactions_of_one_message_through_a_pooler(settings: Settings, pooler: Pooler) -> None:
    """Each is its own organization's, whichever connection it meets, and nothing of it stays there."""
    whose = Query("whose", "SELECT current_setting('spooled.org_id')::integer AS org_id", hot=True)
    pooled = settings.model_copy(update={"database_url": pooler.url})
    store = Store(await PooledConnections.open(pooled), statement_timeout_ms=10_000)

    found = await asyncio.gather(
        *[store.fetch_each(tenant(org_id), [Statement(whose, {})], quick=True) for org_id in range(1, 41)]
    )

    await store.close()
    assert [row["org_id"] for ((row,),) in found] == list(range(1, 41))
    await _assert_nothing_is_left(pooler)


async def _live(org: Tenant, clock: MovingClock) -> None:
    job, broken = await org.push(max_retries=1), await org.push(priority=-5, max_retries=1)
    taken = await org.dequeue()
    await org.post(f"/jobs/{job['id']}/heartbeat", {"lease_id": taken["lease_id"], "worker_id": "w1"})
    await org.post(f"/jobs/{job['id']}/complete", {"lease_id": taken["lease_id"], "result": {"n": 1}})
    failing = await org.dequeue()
    await org.post(f"/jobs/{failing['id']}/fail", {"lease_id": failing["lease_id"], "error": "broken"})
    clock.advance(seconds=600)
    again = await org.dequeue()
    await org.post(f"/jobs/{again['id']}/fail", {"error": "broken", "no_retry": True})
    await org.post(f"/jobs/{broken['id']}/retry")
    await org.post(f"/jobs/{(await org.dequeue())['id']}/complete", {})

    batch = await org.post(
        "/jobs/bulk", {"queue_name": "many", "jobs": [{"payload": {"n": n}} for n in range(20)]}
    )
    claimed = await org.post("/jobs/claim", {"queue_name": "many", "worker_id": "w", "limit": 20})
    assert len(claimed["jobs"]) == len(batch["succeeded"]) == 20

    workflow = await org.post(
        "/workflows",
        {
            "name": "two",
            "jobs": [
                {"key": "first", "queue": "steps", "payload": {}},
                {"key": "then", "queue": "steps", "payload": {}, "depends_on": ["first"]},
            ],
        },
        201,
    )
    for _ in range(2):
        step = await org.dequeue("steps")
        await org.post(f"/jobs/{step['id']}/complete", {"lease_id": step["lease_id"]})
    done = await org.get(f"/workflows/{workflow['workflow_id']}")

    schedule = await org.post(
        "/schedules",
        {
            "name": uuid.uuid4().hex,
            "cron_expression": "0 0 * * * *",
            "timezone": "UTC",
            "queue_name": "clock",
            "payload_template": {},
        },
        201,
    )
    await org.post(f"/schedules/{schedule['id']}/trigger")

    assert (await org.job(job["id"]))["status"] == (await org.job(broken["id"]))["status"] == "completed"
    assert done["status"] == "completed"
    assert await org.dequeue("clock")


async def test_a_crowd_of_environments_on_five_connections(
    settings: Settings, pooler: Pooler, clock: MovingClock
) -> None:
    """Fifty environments at once finish each job once, and the database sees five connections."""
    pooled = settings.model_copy(
        update={"database_url": pooler.url, "redis_url": "none", "connect_timeout_seconds": 30}
    )
    async with environments(pooled, ENVIRONMENTS, clock) as cores, serving(cores) as api:
        org = await api.new_tenant()

        done: list[str] = []

        async def work() -> None:
            await org.push()
            while taken := await org.dequeue():
                await org.post(f"/jobs/{taken['id']}/complete", {"lease_id": taken["lease_id"]})
                done.append(taken["id"])

        await asyncio.gather(*(work() for _ in range(ENVIRONMENTS)))
        servers = await _server_connections(pooler)

    assert len(done) == len(set(done)) == ENVIRONMENTS
    assert servers <= SERVER_CONNECTIONS
    await _assert_nothing_is_left(pooler)


async def test_the_schema_is_made_through_a_pooler(servers: Servers, pooler: Pooler) -> None:
    """Two migrations at once through the pooler: each step runs once, and no lock stays behind."""
    name = f"empty_{uuid.uuid4().hex[:8]}"
    async with await psycopg.AsyncConnection.connect(pooler.direct_url, autocommit=True) as owner:
        await owner.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    through = f"{pooler.url.rpartition('/')[0]}/{name}"
    template = servers.template_url

    one, other = await asyncio.gather(migrate(through), migrate(through))

    async with await psycopg.AsyncConnection.connect(template) as migrated:
        cursor = await migrated.execute("SELECT name FROM schema_migration ORDER BY name")
        assert sorted(one + other) == [row[0] for row in await cursor.fetchall()]
    assert await migrate(through) == []
    await _assert_nothing_is_left(Pooler(through, f"{pooler.direct_url.rpartition('/')[0]}/{name}"))


async def _server_connections(pooler: Pooler) -> int:
    async with await psycopg.AsyncConnection.connect(pooler.direct_url) as watcher:
        cursor = await watcher.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_type = 'client backend'"
            " AND pid <> pg_backend_pid()"
        )
        return int((await cursor.fetchone() or (0,))[0])


async def _assert_nothing_is_left(pooler: Pooler) -> None:
    """Hold all connections of the pooler at once, and look at what the transactions before left in them."""
    seen = []
    held = [
        await psycopg.AsyncConnection.connect(pooler.url, prepare_threshold=None)
        for _ in range(SERVER_CONNECTIONS)
    ]
    for connection in held:
        cursor = await connection.execute(LEFT_BEHIND)
        seen.append(await cursor.fetchone())
    for connection in held:
        await connection.close()

    assert len({row and row[0] for row in seen}) == SERVER_CONNECTIONS
    assert {row and row[1:] for row in seen} == {(0, True, "", None)}
