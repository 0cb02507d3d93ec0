"""Retention beside others: who reads the archive, claims or settles is not held up by it, nor it by them."""

import asyncio
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from functions.ticks.retention import run_once
from shared.core import Core
from shared.jobs.retention import drop_partitions
from shared.settings import Settings
from tests.support.api import Tenant
from tests.support.clock import MovingClock
from tests.support.servers import Servers
from tests.support.until import until

Connection = psycopg.Connection[Any]
BUDGET = 30.0
LONGEST_WAIT = "700ms"


@pytest.fixture
def settings(servers: Servers, redis_url: str) -> Settings:
    """A database of each test's own, in which nobody waits for a lock for longer than is right."""
    url = servers.new_database(f"beside_{uuid.uuid4().hex}")
    name = url.rpartition("/")[2]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET lock_timeout = '{LONGEST_WAIT}'".encode())
    return Settings(spooled_env="development", database_url=url, redis_url=redis_url, validate_answers=True)


@pytest.fixture
def reader(settings: Settings) -> Iterator[Connection]:
    """Somebody in a transaction that has begun to read the archive."""
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("LOCK TABLE ONLY job_archive IN ACCESS SHARE MODE")
        yield connection


@pytest.fixture
def watcher(settings: Settings) -> Iterator[Connection]:
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        yield connection


async def until_retention_waits(watcher: Connection) -> None:
    async def waits() -> bool:
        found = watcher.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock')"
        ).fetchone()
        return found == (True,)

    await until(waits)


async def test_a_long_read_and_retention_hold_nobody_up(
    core: Core,
    org: Tenant,
    clock: MovingClock,
    reader: Connection,
    watcher: Connection,
) -> None:
    """Beside a list that takes its time, jobs are claimed and settled while old partitions are to go."""
    for _ in range(2):
        await org.push()
    clock.advance(days=100)
    retention = asyncio.create_task(run_once.run_once(core, clock(), BUDGET))
    await until_retention_waits(watcher)

    for _ in range(2):
        job = await org.dequeue()
        await org.post(f"/jobs/{job['id']}/complete")
    counts = await retention

    assert (counts["partitions_made"], counts["partitions_dropped"]) == (0, 0)
    reader.commit()
    again = await run_once.run_once(core, clock(), BUDGET)
    assert (again["partitions_made"], again["partitions_dropped"]) == (4, 3)


async def test_retention_takes_the_archive_in_the_order_of_readers(
    core: Core, org: Tenant, reader: Connection, watcher: Connection
) -> None:
    """Who has begun to read the archive reads on to the end, whatever retention waits for."""
    job = await org.push()
    await org.dequeue()
    await org.post(f"/jobs/{job['id']}/complete")
    later = datetime.now(UTC) + timedelta(days=100)
    dropping = asyncio.create_task(drop_partitions(core, later, asyncio.get_running_loop().time() + BUDGET))
    await until_retention_waits(watcher)

    read = await asyncio.to_thread(lambda: reader.execute("SELECT count(*) FROM job_archive").fetchone())

    assert read == (1,)
    assert await dropping == 0
