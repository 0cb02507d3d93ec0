"""Databases that have grown: jobs as the service leaves them, made in bulk."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg import sql

from shared.core import Core
from shared.edge.opening import open_core
from shared.settings import Settings
from shared.store import SYSTEM, Statement, load_queries
from shared.store.migrate import migrate

QUERIES = load_queries(__file__)
_CHUNK = 100_000
_GROWING_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Size:
    """What a database has.

    pending: jobs of the first organization in `bench-0`; every second one is delayed, at a higher priority.
    archived: finished jobs, spread evenly over so many days before today, each with its partition.
    """

    pending: int = 0
    archived: int = 0
    days: int = 0
    queues: int = 1
    organizations: int = 1
    payload_bytes: int = 100


def settings_of(url: str, **changed: object) -> Settings:
    """The service on that database alone."""
    return Settings.model_validate(
        {"spooled_env": "development", "database_url": url, "redis_url": "none", **changed}
    )


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Core]:
    """The core of a process."""
    core = await open_core(settings)
    try:
        yield core
    finally:
        await core.close()


def migrated(url: str) -> None:
    """Give a new database the schema of now."""
    asyncio.run(migrate(url))


def grown(server_url: str, name: str, size: Size, schema: Callable[[str], object] = migrated) -> str:
    """The URL of a new database of that name and size, at rest as autovacuum leaves one.

    One of that name that was there before is gone. `schema` makes the tables.
    """
    with psycopg.connect(server_url, autocommit=True) as connection:
        for statement in ("DROP DATABASE IF EXISTS {} WITH (FORCE)", "CREATE DATABASE {}"):
            connection.execute(sql.SQL(statement).format(sql.Identifier(name)))
    url = f"{server_url.rpartition('/')[0]}/{name}"
    schema(url)
    asyncio.run(_grow(url, size))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return url


async def _grow(url: str, size: Size) -> None:
    now = datetime.now(UTC)
    async with opened(settings_of(url, statement_timeout_ms=_GROWING_MS)) as core:
        await core.store.fetch(SYSTEM, QUERIES["organizations"], organizations=size.organizations)
        await core.store.fetch(SYSTEM, QUERIES["queues"], queues=size.queues)
        for ago in range(size.days, 0, -1):
            day = {"day": (now - timedelta(days=ago)).date()}
            jobs = size.archived // size.days
            rows = {"jobs": jobs, "organizations": size.organizations, "payload_bytes": size.payload_bytes}
            filling = [Statement(QUERIES["archived"], day | rows)] if jobs else []
            # In one transaction: what is put into a table that is not there for others yet is not logged.
            await core.store.fetch_each(SYSTEM, [Statement(QUERIES["partition"], day), *filling])
        for first in range(1, size.pending + 1, _CHUNK):
            last = min(first + _CHUNK - 1, size.pending)
            await core.store.fetch(
                SYSTEM, QUERIES["pending"], first=first, last=last, payload_bytes=size.payload_bytes
            )
        for counted in ("totals", "slots", "marks"):
            await core.store.fetch(SYSTEM, QUERIES[counted])
