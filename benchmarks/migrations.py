"""What an upgrade does to a service with a million jobs: `python -m benchmarks.migrations [--jobs N]`.

A database at the schema of the previous release, with so many jobs that wait and as many that are finished,
and that release's own service on it. While eight clients push, claim, complete and read, the outstanding
migrations run. For each it prints how long it took, how long it kept a table to itself, how long a statement
of the service waited for it, and the slowest request. It ends with exit code 1 when a table was kept or a
statement waited for more than a second.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import httpx
import psycopg
from psycopg.rows import dict_row

from benchmarks.grown import Size, grown
from localstack.postgres import running_postgres
from shared.store import load_queries
from shared.store.migrate import migrate
from tests.support.official import new_key
from tests.support.previous import migrated_as_before, unpacked
from tests.support.run import started

QUERIES = load_queries(__file__)
CLIENTS, DAYS, WARM_SECONDS = 8, 10, 5.0
ALLOWED_MS = 1_000
AROUND = "(no migration)"


@dataclass(slots=True)
class Seen:
    """Of one migration, in milliseconds."""

    took: float = 0
    held: float = 0
    held_table: str = ""
    waited: float = 0
    slowest: float = 0


class Watch:
    """Notes everything under the migration that runs."""

    def __init__(self) -> None:
        self.seen: dict[str, Seen] = {}
        self.requests = 0
        self.failed: list[str] = []
        self.begins(AROUND)

    def begins(self, name: str) -> None:
        """From here on it is that one."""
        now = perf_counter()
        if self.seen:
            self.now.took += 1000 * (now - self._since)
        self.name, self.now = name, self.seen.setdefault(name, Seen())
        self._since = now

    async def sample(self, url: str) -> None:
        """Look at the locks, again and again."""
        async with await psycopg.AsyncConnection.connect(
            url, autocommit=True, row_factory=dict_row
        ) as connection:
            before = await (await connection.execute(QUERIES["tables"].sql)).fetchone()
            since: dict[str, float] = {}
            while before:
                at = perf_counter()
                waits = await (await connection.execute(QUERIES["waits"].sql)).fetchone()
                self.now.waited = max(self.now.waited, float((waits or {})["ms"] or 0))
                rows = await (
                    await connection.execute(QUERIES["held"].sql, {"tables": before["oids"]})
                ).fetchall()
                since = {row["name"]: since.get(row["name"], at) for row in rows}
                for name, began in since.items():
                    if 1000 * (perf_counter() - began) > self.now.held:
                        self.now.held, self.now.held_table = 1000 * (perf_counter() - began), name
                await asyncio.sleep(0.002)

    async def client(self, url: str, key: str, number: int) -> None:
        """Make, claim, complete and look at jobs."""
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=f"{url}/api/v1", headers=headers, timeout=120) as http:
            queue = f"upgrade-{number % 2}"
            while True:
                made = await self._call(
                    http, "POST", "/jobs", {"queue_name": queue, "payload": {"n": number}}
                )
                claim = {"queue_name": queue, "worker_id": f"w{number}"}
                for job in (await self._call(http, "POST", "/jobs/claim", claim)).get("jobs", []):
                    settled = {"worker_id": f"w{number}", "lease_id": job["lease_id"]}
                    await self._call(http, "POST", f"/jobs/{job['id']}/complete", settled)
                await self._call(http, "GET", f"/jobs/{made['id']}")
                await self._call(http, "GET", f"/jobs?queue={queue}&limit=20")

    async def _call(self, http: httpx.AsyncClient, method: str, path: str, body: object = None) -> dict:
        at = perf_counter()
        answer = await http.request(method, path, json=body)
        self.now.slowest = max(self.now.slowest, 1000 * (perf_counter() - at))
        self.requests += 1
        if answer.is_error:
            self.failed.append(f"{self.name}: {method} {path}: {answer.status_code} {answer.text[:200]}")
            return {"id": "job_0"}
        found = answer.json()
        return found if isinstance(found, dict) else {}


@asynccontextmanager
async def under_load(watch: Watch, database_url: str, url: str, key: str) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(watch.client(url, key, number)) for number in range(CLIENTS)]
        tasks.append(group.create_task(watch.sample(database_url)))
        await asyncio.sleep(WARM_SECONDS)
        yield
        await asyncio.sleep(WARM_SECONDS)
        for task in tasks:
            task.cancel()


async def upgrade(database_url: str, url: str, key: str) -> Watch:
    watch = Watch()
    async with under_load(watch, database_url, url, key):
        await migrate(database_url, begins=watch.begins)
        watch.begins(AROUND)
    watch.begins(AROUND)
    return watch


def show(watch: Watch) -> bool:
    print(f"{'migration':42} {'took':>8} {'held':>8} {'waited':>8} {'slowest':>8}   in ms; what was held")
    for name, seen in watch.seen.items():
        times = " ".join(f"{value:8.0f}" for value in (seen.took, seen.held, seen.waited, seen.slowest))
        print(f"{name:42} {times}   {seen.held_table}")
    print(f"{watch.requests} requests, {len(watch.failed)} of them failed", *watch.failed[:5], sep="\n  ")
    long = {name for name, seen in watch.seen.items() if max(seen.held, seen.waited) > ALLOWED_MS}
    print(f"more than {ALLOWED_MS} ms: {', '.join(sorted(long)) or 'none'}")
    return not long


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=1_000_000)
    jobs = parser.parse_args().jobs
    with (
        tempfile.TemporaryDirectory(prefix="spooled-migrations-") as folder,
        running_postgres(Path(folder)) as server,
    ):
        previous = unpacked(Path(folder))
        at = perf_counter()
        url = grown(
            server,
            "upgraded",
            Size(pending=jobs, archived=jobs, days=DAYS, queues=10, organizations=10),
            lambda url: migrated_as_before(previous, url),
        )
        print(
            f"{jobs} jobs that wait and {jobs} that are finished, made in {perf_counter() - at:.0f} s",
            flush=True,
        )
        settings = {
            "DATABASE_URL": url,
            "REDIS_URL": "none",
            "SPOOLED_ENV": "development",
            "RATE_LIMITS": "off",
        }
        with started(Path(folder) / "service", folder=previous, settings=settings) as run:
            watch = asyncio.run(upgrade(url, run.url, new_key(run.url)))
    return 0 if show(watch) else 1


if __name__ == "__main__":
    sys.exit(main())
