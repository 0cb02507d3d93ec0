"""Claims that begin at marks starve no job: strict order is given up for a second of the clock at most."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.rows import dict_row

from shared import ids
from shared.core import Core
from shared.edge.opening import open_core
from shared.jobs.claim import Claim
from shared.jobs.claim_wait import claim_jobs, settle_and_claim
from shared.jobs.enqueue import NewJob, enqueue_jobs
from shared.jobs.leases import extending, recover_leases, release_jobs
from shared.jobs.priority import set_priority
from shared.jobs.refusal import Hold
from shared.jobs.retry import retry_jobs
from shared.jobs.settle import Completion, Failure, complete_jobs, fail_jobs
from shared.marks import Marks
from shared.queues.pause import pause_queue, resume_queue
from shared.settings import Settings
from shared.tenants.caller import Caller
from tests.support.api import Api, Tenant
from tests.support.clock import MovingClock
from tests.support.effort import examples

PROCESSES = 3
LEASE_SECONDS = 3
BLIND = timedelta(seconds=1)
Sight = tuple[int, datetime]

Act = tuple[str, int, int]
"""What is done, and two numbers of it."""

acts = st.tuples(
    st.sampled_from(
        [
            "claim",
            "claim",
            "claim",
            "claim_next",
            "claim_at_once",
            "claim_and_go",
            "enqueue",
            "enqueue",
            "delay",
            "begin_late",
            "begin_late",
            "commit_late",
            "release",
            "fail",
            "bury",
            "retry",
            "complete",
            "set_priority",
            "recover",
            "flow",
            "pause",
            "resume",
            "restart",
            "pass",
            "pass",
        ]
    ),
    st.integers(0, 30),
    st.integers(0, 30),
)


@dataclass(frozen=True)
class Turn:
    """Where something is done, and two numbers of it."""

    core: Core
    first: int
    second: int


@pytest.fixture
async def processes(settings: Settings, clock: MovingClock) -> AsyncIterator[list[Core]]:
    """Several processes over one database that hear nothing of each other, with one clock."""
    deaf = settings.model_copy(update={"redis_url": "none"})
    opened = [await open_core(deaf, clock) for _ in range(PROCESSES)]
    yield opened
    for core in opened:
        await core.close()


def force_marks(core: Core) -> None:
    """Claims begin at marks from the second on, as if every front was slow; what was known is lost."""
    core.wakeups.marks = Marks(slow_at=0)


@dataclass
class World:
    """One queue, all that is done to it, and what each of its jobs can be seen to be, and since when."""

    org: Tenant
    processes: list[Core]
    clock: MovingClock
    sql: psycopg.AsyncConnection[Any]
    url: str
    late: list[psycopg.AsyncConnection[Any]] = field(default_factory=list)
    held: dict[int, Hold] = field(default_factory=dict)
    dead: list[int] = field(default_factory=list)
    since: dict[int, tuple[Sight, datetime]] = field(default_factory=dict)
    is_paused: bool = False

    @property
    def caller(self) -> Caller:
        return Caller(ids.decode("org", self.org.org_id), 1)

    async def pending(self) -> dict[int, Sight]:
        """Priority and `run_at` of each job that waits for a worker."""
        cursor = await self.sql.execute(
            "SELECT id, priority, run_at FROM job WHERE org_id = %s AND state = 'pending'",
            (self.caller.org_id,),
        )
        return {row["id"]: (row["priority"], row["run_at"]) for row in await cursor.fetchall()}

    async def look(self) -> None:
        """A job that is other than it was can be seen to be so from now on."""
        now, pending = self.clock(), await self.pending()
        known = self.since
        self.since = {
            job: known[job] if job in known and known[job][0] == sight else (sight, now)
            for job, sight in pending.items()
        }

    async def claim(self, claims: list[tuple[Core, int]]) -> None:
        """Claims, of so many jobs each, at the same moment."""
        now = self.clock()
        taken = await asyncio.gather(
            *[
                claim_jobs(core, self.caller, Claim("emails", f"w{number}", limit, LEASE_SECONDS))
                for number, (core, limit) in enumerate(claims)
            ]
        )
        await self.check([job for jobs in taken for job in jobs], sum(limit for _, limit in claims), now)

    async def check(self, jobs: list[dict[str, Any]], limit: int, now: datetime) -> None:
        """Nothing that could be seen a second before was passed over."""
        left = await self.pending()
        ripe = [
            (-sight[0], sight[1], job)
            for job, (sight, since) in self.since.items()
            if job in left and sight[1] <= now and since <= now - BLIND
        ]
        took = []
        for job in jobs:
            job_id = ids.decode("job", job["id"])
            assert job_id not in self.held or job["attempts"] > 1
            self.held[job_id] = Hold(job_id, ids.decode("lease", job["lease_id"]))
            (_, run_at), _ = self.since.get(job_id, ((0, now), now))
            took.append((-job["priority"], run_at, job_id))
        if self.is_paused:
            assert not jobs
        elif len(jobs) < limit:
            assert not ripe
        elif ripe:
            assert max(took) < min(ripe)

    async def drain(self, chance: random.Random) -> None:
        """A second later whoever asks takes all that is due, in strict order."""
        if self.is_paused:
            await self.do(("resume", 0, 0))
        for late in self.late:
            await late.commit()
            await late.close()
        self.late.clear()
        self.clock.advance(seconds=1)
        now = self.clock()
        due = sorted((-sight[0], sight[1], job) for job, sight in (await self.pending()).items())
        due = [place for place in due if place[1] <= now]
        wanted, taken = [job for _, _, job in due], []
        while len(taken) < len(wanted):
            claim = Claim("emails", "w", 1, LEASE_SECONDS)
            (job,) = await claim_jobs(chance.choice(self.processes), self.caller, claim)
            job_id = ids.decode("job", job["id"])
            if job_id in wanted:  # and not one that falls due only now
                taken.append(job_id)
        assert taken == wanted

    async def do(self, act: Act) -> None:
        name, first, second = act
        turn = Turn(self.processes[first % PROCESSES], first, second)
        await getattr(self, f"_{name}")(turn)
        await self.look()

    def _some_held(self, number: int) -> list[Hold]:
        held = list(self.held.values())
        return [self.held.pop(held[number % len(held)].job_id)] if held else []

    async def _claim(self, turn: Turn) -> None:
        await self.claim([(turn.core, 1 + (turn.second % 4 == 0) * (turn.first % 5))])

    async def _claim_at_once(self, turn: Turn) -> None:
        await self.claim(
            [(self.processes[n % PROCESSES], 1) for n in range(2 + (turn.first + turn.second) % 9)]
        )

    async def _claim_and_go(self, turn: Turn) -> None:
        asking = asyncio.ensure_future(claim_jobs(turn.core, self.caller, Claim("emails", "gone", 1)))
        for _ in range(turn.second):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.wait([asking])
        if not asking.cancelled():
            await self.check(asking.result(), 0, self.clock())

    async def _claim_next(self, turn: Turn) -> None:
        now = self.clock()
        settling = extending(self.caller, None, list(self.held.values())[:1], LEASE_SECONDS, now)
        _, jobs = await settle_and_claim(turn.core, self.caller, settling, Claim("emails", "w", 1), now)
        await self.check(jobs, 1, now)

    async def _enqueue(self, turn: Turn) -> None:
        new = [
            NewJob("emails", "{}", priority=turn.first % 4, max_retries=1) for _ in range(1 + turn.second % 3)
        ]
        await enqueue_jobs(turn.core, self.caller, new, self.clock())

    async def _delay(self, turn: Turn) -> None:
        now = self.clock()
        run_at = now + timedelta(milliseconds=100 * turn.second)
        await enqueue_jobs(
            turn.core, self.caller, [NewJob("emails", "{}", priority=turn.first % 4, run_at=run_at)], now
        )

    async def _begin_late(self, turn: Turn) -> None:
        """A transaction takes its job's place now and commits some time later."""
        late = await psycopg.AsyncConnection.connect(self.url)
        await late.execute(
            "INSERT INTO job (org_id, id, queue, state, priority, run_at, max_retries, timeout_seconds,"
            " payload, created_at, updated_at)"
            " VALUES (%s, next_id(), 'emails', 'pending', %s, %s, 3, 60, '{}', now(), now())",
            (self.caller.org_id, turn.first % 4, self.clock()),
        )
        self.late.append(late)

    async def _commit_late(self, turn: Turn) -> None:
        if self.late:
            late = self.late.pop(turn.first % len(self.late))
            await late.commit()
            await late.close()

    async def _release(self, turn: Turn) -> None:
        run_at = None if turn.second % 2 else self.clock() + timedelta(milliseconds=50 * turn.second)
        await release_jobs(turn.core, self.caller, None, self._some_held(turn.second), run_at, self.clock())

    async def _fail(self, turn: Turn) -> None:
        failures = [Failure(hold, "broken") for hold in self._some_held(turn.second)]
        outcomes = await fail_jobs(
            turn.core, self.caller, None, failures, random.Random(turn.first), self.clock()
        )
        self.dead += [o.job_id for o in outcomes if o.row is not None and o.row["state"] == "deadletter"]

    async def _bury(self, turn: Turn) -> None:
        failures = [Failure(hold, "broken", no_retry=True) for hold in self._some_held(turn.second)]
        outcomes = await fail_jobs(
            turn.core, self.caller, None, failures, random.Random(turn.first), self.clock()
        )
        self.dead += [o.job_id for o in outcomes if o.row is not None]

    async def _retry(self, turn: Turn) -> None:
        await retry_jobs(turn.core, self.caller, self.dead[:3], self.clock())
        del self.dead[:3]

    async def _complete(self, turn: Turn) -> None:
        completions = [Completion(hold) for hold in self._some_held(turn.second)]
        await complete_jobs(turn.core, self.caller, None, completions, self.clock())

    async def _set_priority(self, turn: Turn) -> None:
        jobs = sorted(await self.pending())
        if jobs:
            job_id = ids.encode("job", jobs[turn.second % len(jobs)])
            await set_priority(turn.core, self.caller, job_id, turn.first % 6, self.clock())

    async def _recover(self, turn: Turn) -> None:
        await recover_leases(turn.core, self.caller.org_id, "emails", self.clock())

    async def _flow(self, turn: Turn) -> None:
        """A step becomes ready when its parent is done, at the place that it has had from the beginning."""
        steps = [
            {"key": "a", "queue": "emails", "payload": {}, "priority": turn.first % 4},
            {"key": "b", "queue": "emails", "payload": {}, "priority": turn.second % 4, "depends_on": ["a"]},
        ]
        await self.org.post("/workflows", {"name": "flow", "jobs": steps}, 201)

    async def _pause(self, turn: Turn) -> None:
        if self.since:
            await pause_queue(turn.core, self.caller, "emails", None, self.clock())
            self.is_paused = True

    async def _resume(self, turn: Turn) -> None:
        if self.is_paused:
            await resume_queue(turn.core, self.caller, "emails", self.clock())
            self.is_paused = False
            self.since.clear()

    async def _restart(self, turn: Turn) -> None:
        force_marks(turn.core)

    async def _pass(self, turn: Turn) -> None:
        self.clock.advance(milliseconds=50 * turn.second)


@examples(20)
@given(done=st.lists(acts, min_size=20, max_size=80), seed=st.integers())
async def test_nothing_is_passed_over_for_more_than_a_second(
    api: Api,
    processes: list[Core],
    clock: MovingClock,
    settings: Settings,
    done: list[Act],
    seed: int,
) -> None:
    """Whatever happens in several processes: what could be seen a second ago is claimed in order."""
    for core in processes:
        force_marks(core)
    async with await psycopg.AsyncConnection.connect(
        settings.database_url, autocommit=True, row_factory=dict_row
    ) as sql:
        world = World(await api.new_tenant(), processes, clock, sql, settings.database_url)
        for act in [("enqueue", 0, 2), *done]:
            await world.do(act)
        await world.drain(random.Random(seed))
