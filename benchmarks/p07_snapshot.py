"""P7: claim under a snapshot that is held for ten minutes: `python -m benchmarks.p07_snapshot`.

Three databases of one embedded PostgreSQL, and a process over each: nobody holds a snapshot, an old one is
held, and an old one is held while claims do without marks. Jobs of ten minutes are worked off under it: as
fast as can be, in a long run at their real pace.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean
from time import monotonic, perf_counter

import psycopg
from psycopg.conninfo import make_conninfo

from benchmarks.command import main
from benchmarks.figure import FULL_ROUNDS, Figure, middle
from localstack.postgres import running_postgres
from shared import ids
from shared.core import Core
from shared.edge.opening import open_core
from shared.jobs.claim import Claim
from shared.jobs.claim_wait import claim_jobs
from shared.jobs.enqueue import NewJob, enqueue_jobs
from shared.jobs.refusal import Hold
from shared.jobs.settle import Completion, complete_jobs
from shared.marks import Marks
from shared.settings import Settings
from shared.store.migrate import migrate
from shared.tenants.caller import Caller

ORG = Caller(org_id=1, key_id=1)
RATE = 500
"""Jobs a second."""
POINTS = (0, 60, 150, 300, 450, 600)
"""Seconds for which the snapshot has been held when it is measured."""
SECONDS = 3.0
UNMARKED_CLAIMS = 20
BATCH = 50
QUIET, MARKED, UNMARKED = "no old snapshot", "with the mark", "without the mark"
WORKED_OFF = """
    INSERT INTO job (org_id, id, queue, state, priority, run_at, max_retries, timeout_seconds, payload,
                     created_at, updated_at)
    SELECT 1, next_id(), 'bench', 'pending', 0, now(), 3, 300, '{{}}', now(), now()
    FROM generate_series(1, {jobs});
    UPDATE job SET state = 'processing', attempts = 1, lease_id = id, worker_id = 'w', started_at = now(),
                   leased_until = now() + interval '5 minutes'
    WHERE org_id = 1 AND state = 'pending';
    DELETE FROM job WHERE org_id = 1 AND state = 'processing'
"""


@dataclass
class Place:
    """A database, and a process that claims from it."""

    core: Core
    sql: psycopg.Connection[tuple[object, ...]]
    taken: list[float] = field(default_factory=list)
    held: list[Completion] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str, name: str) -> AsyncIterator["Place"]:
        core = await open_core(Settings(spooled_env="development", database_url=url, redis_url="none"))
        if name == UNMARKED:
            core.wakeups.marks = Marks(slow_at=1_000_000_000)
        with psycopg.connect(url, autocommit=True) as sql:
            sql.execute(
                "INSERT INTO organization (org_id, name, slug, plan_tier, created_at, updated_at)"
                " VALUES (1, 'Bench', 'bench', 'enterprise', now(), now())"
            )
            sql.execute("SET ROLE spooled_system")
            yield cls(core, sql)
        await core.close()

    def work_off(self, jobs: int) -> None:
        """So many jobs are made, taken and completed, as fast as PostgreSQL can."""
        self.sql.execute(WORKED_OFF.format(jobs=jobs).encode())

    async def work_off_in(self, seconds: float) -> None:
        """The jobs of so many seconds are made, taken and completed while these go by."""
        start = monotonic()
        for turn in range(round(seconds * RATE / BATCH)):
            await asyncio.sleep(start + turn * BATCH / RATE - monotonic())
            await self.fill(BATCH)
            for job in await claim_jobs(self.core, ORG, Claim("bench", "w", BATCH)):
                self._keep(job["id"], job["lease_id"])
            await self.settle()

    async def fill(self, jobs: int) -> None:
        await enqueue_jobs(self.core, ORG, [NewJob("bench", "{}")] * jobs, datetime.now(UTC))

    async def claim(self) -> None:
        start = perf_counter()
        (job,) = await claim_jobs(self.core, ORG, Claim("bench", "w"))
        self.taken.append(1000 * (perf_counter() - start))
        self._keep(job["id"], job["lease_id"])

    async def settle(self) -> None:
        await complete_jobs(self.core, ORG, None, self.held, datetime.now(UTC))
        self.held.clear()

    def milliseconds(self) -> float:
        """The mean of what claims took since it was asked for last."""
        found = mean(self.taken)
        self.taken.clear()
        return found

    def _keep(self, job_id: str, lease_id: str) -> None:
        self.held.append(Completion(Hold(ids.decode("job", job_id), ids.decode("lease", lease_id))))


@contextmanager
def old_snapshot(place: Place) -> Iterator[None]:
    """What is removed stays in the way, as a dump would see it."""
    with psycopg.connect(place.sql.info.dsn, password=place.sql.info.password) as holder:
        holder.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        holder.execute("SELECT count(*) FROM job")
        yield


async def paced(places: Sequence[Place], seconds: float) -> None:
    """Claims at the rate, of one place after the other."""
    start = monotonic()
    for turn in range(round(seconds * RATE)):
        await asyncio.sleep(max(0.0, start + turn / RATE - monotonic()))
        for place in places if turn % 2 else reversed(places):
            await place.claim()


async def measured_at(places: dict[str, Place], seconds: int) -> dict[str, float]:
    """Milliseconds of a claim in each place."""
    for place in places.values():
        await place.fill(round(SECONDS * RATE))
    await paced([places[QUIET], places[MARKED]], SECONDS)
    for _ in range(UNMARKED_CLAIMS):
        await places[UNMARKED].claim()
    for place in places.values():
        await place.settle()
    return {f"claim ms, {name} at {seconds} s held": place.milliseconds() for name, place in places.items()}


async def compare(urls: dict[str, str], *, really: bool) -> dict[str, float]:
    """One round."""
    found: dict[str, float] = {}
    async with AsyncExitStack() as opened:
        places = {
            name: await opened.enter_async_context(Place.opened(url, name)) for name, url in urls.items()
        }
        for place in places.values():  # warms up
            await place.fill(RATE)
        await paced([*places.values()], 1)
        for place in places.values():
            await place.settle()
            place.milliseconds()
        slow = [places[MARKED], places[UNMARKED]]
        with ExitStack() as held:
            for place in slow:
                held.enter_context(old_snapshot(place))
            for before, point in zip((0, *POINTS), POINTS, strict=False):
                if really and point > before:
                    await asyncio.gather(*[place.work_off_in(point - before) for place in slow])
                elif point > before:
                    for place in slow:
                        place.work_off((point - before) * RATE)
                found |= await measured_at(places, point)
    return found


def measure(rounds: int) -> list[Figure]:
    really = rounds >= FULL_ROUNDS
    all_found: list[dict[str, float]] = []
    with (
        tempfile.TemporaryDirectory(prefix="spooled-bench-") as folder,
        running_postgres(Path(folder)) as url,
    ):
        for number in range(1 if really else rounds):
            urls = {name: _new_database(url, f"{name} {number}") for name in (QUIET, MARKED, UNMARKED)}
            all_found.append(asyncio.run(compare(urls, really=really)))
    held = f"{POINTS[-1]} s held"
    ratios = [
        found[f"claim ms, {MARKED} at {held}"] / found[f"claim ms, {QUIET} at {held}"] for found in all_found
    ]
    value, spread = middle(ratios)
    way = "at their real pace" if really else "as fast as can be"
    return [
        Figure(
            name="P7",
            what=f"claim under a snapshot held for {POINTS[-1] // 60} minutes at {RATE} jobs a second,"
            " against a claim where none is held",
            goal=2,
            goal_is="at most",
            value=value,
            spread=spread,
            unit="ratio",
            command=f"python -m benchmarks.p07_snapshot --rounds {rounds}",
            beside={name: middle([found[name] for found in all_found])[0] for name in all_found[0]},
            note=f"The mean of single claims, {RATE} a second, with the looks at the front, one a second. The"
            f" jobs of the ten minutes were worked off {way}.",
        )
    ]


def _new_database(url: str, name: str) -> str:
    with psycopg.connect(url, autocommit=True) as sql:
        sql.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
    new = make_conninfo(url, dbname=name)
    asyncio.run(migrate(new))
    return new


if __name__ == "__main__":
    main(measure)
