"""An explanation never disagrees with the claim: what it calls runnable is what the next claim takes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.rows import dict_row

from shared import ids
from shared.core import Core
from shared.jobs.claim import Claim
from shared.jobs.claim_wait import claim_jobs
from shared.jobs.explain import explain_job
from shared.queues.pause import resume_queue
from shared.tenants.caller import Caller
from shared.workers.registry import Registration, register_worker
from tests.support.api import Api
from tests.support.effort import examples

SQL = psycopg.AsyncConnection[Any]
WHEN = st.sampled_from([-3_600, -1, 0, 1, 3_600])
"""Seconds from now; a bound is the likeliest to be seen in two ways."""
RULES = ("parents", "due", "expiry", "paused", "enabled", "concurrency", "rate_limit", "order")


@dataclass(frozen=True)
class Queue:
    """A queue as it stands; `is_there`: a queue that nobody declared has no row."""

    is_there: bool
    is_paused: bool
    is_enabled: bool
    concurrency: int | None
    rate_limit: int | None
    tokens: float | None
    tokens_age: float
    worker_silence: int | None


@dataclass(frozen=True)
class Job:
    """A job as it stands: with `unmet` parents it waits, with a lease it runs."""

    priority: int
    run_in: int
    expires_in: int | None
    unmet: int
    lease_ends_in: int | None
    attempts: int


seldom = st.sampled_from([False, False, False, True])
queues = st.builds(
    Queue,
    is_there=seldom.map(lambda rare: not rare),
    is_paused=seldom,
    is_enabled=seldom.map(lambda rare: not rare),
    concurrency=st.none() | st.integers(1, 3),
    rate_limit=st.none() | st.integers(1, 5),
    tokens=st.none() | st.sampled_from([0.0, 0.4, 0.999_999_9, 1.0, 3.0]),
    tokens_age=st.sampled_from([0.0, 0.1, 0.2, 1.0]),
    worker_silence=st.none() | st.sampled_from([0, 119, 600]),
)
jobs = st.builds(
    Job,
    priority=st.integers(-1, 1),
    run_in=WHEN,
    expires_in=st.none() | WHEN,
    unmet=st.sampled_from([0, 0, 0, 0, 1, 2]),
    lease_ends_in=st.sampled_from([None, None, None, -1, 0, 60]),
    attempts=st.integers(0, 4),
)


@dataclass
class World:
    """One organization with one queue, at an instant that stands still."""

    core: Core
    caller: Caller
    sql: SQL
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __post_init__(self) -> None:
        self.core = replace(self.core, clock=lambda: self.now)

    async def set_up(self, queue: Queue, jobs: list[Job]) -> list[int]:
        """The queue and its jobs, whose ids these are; what a parent is stands in another queue."""
        if queue.is_there:
            await self.sql.execute(
                "INSERT INTO queue (org_id, name, paused_at, enabled, concurrency, rate_limit, tokens,"
                " tokens_at, created_at, updated_at)"
                " VALUES (%s, 'emails', %s, %s, %s, %s, %s, %s, now(), now())",
                (
                    self.caller.org_id,
                    self.now if queue.is_paused else None,
                    queue.is_enabled,
                    queue.concurrency,
                    queue.rate_limit,
                    queue.tokens,
                    None if queue.tokens is None else self.now - timedelta(seconds=queue.tokens_age),
                ),
            )
        if queue.worker_silence is not None:
            heard_at = self.now - timedelta(seconds=queue.worker_silence)
            worker = Registration(f"w-{self.caller.org_id}", ("emails",), "host", 1)
            await register_worker(self.core, self.caller, worker, heard_at)
        return [await self._insert(job) for job in jobs]

    async def explain(self, job_id: int) -> dict[str, Any]:
        return await explain_job(self.core, self.caller, ids.encode("job", job_id), self.now)

    async def claim(self) -> list[int]:
        """What an eligible worker's claim of one job takes."""
        taken = await claim_jobs(self.core, self.caller, Claim("emails", "w"))
        return [ids.decode("job", job["id"]) for job in taken]

    async def lift(self, job_id: int, gate: dict[str, Any]) -> None:
        """End what holds the job, that and nothing else."""
        await getattr(self, f"_lift_{gate['name']}")(job_id, gate)

    async def _insert(self, job: Job) -> int:
        runs = job.lease_ends_in is not None
        unmet = 0 if runs else job.unmet
        cursor = await self.sql.execute(
            "INSERT INTO job (org_id, queue, state, priority, run_at, attempts, max_retries, timeout_seconds,"
            " payload, created_at, updated_at, started_at, expires_at, lease_id, leased_until, worker_id,"
            " unmet_parents) VALUES (%(org)s, 'emails', %(state)s, %(priority)s, %(run_at)s, %(attempts)s,"
            " 3, 60, '{}', %(run_at)s, now(), %(started)s, %(expires)s, %(lease)s, %(leased)s, %(worker)s,"
            " %(unmet)s) RETURNING id",
            {
                "org": self.caller.org_id,
                "state": "processing" if runs else "waiting" if unmet else "pending",
                "priority": job.priority,
                "run_at": self._in(job.run_in),
                "attempts": max(1, job.attempts) if runs else job.attempts,
                "started": self.now if runs else None,
                "expires": self._in(job.expires_in),
                "lease": 1 if runs else None,
                "leased": self._in(job.lease_ends_in),
                "worker": "w0" if runs else None,
                "unmet": unmet,
            },
        )
        row = await cursor.fetchone()
        for _ in range(unmet):
            await self.sql.execute(
                "WITH parent AS (INSERT INTO job (org_id, queue, state, run_at, max_retries, timeout_seconds,"
                " payload, created_at, updated_at, has_children)"
                " VALUES (%(org)s, 'parents', 'pending', now(), 3, 60, '{}', now(), now(), true)"
                " RETURNING id) INSERT INTO job_dependency (org_id, child_id, parent_id, type)"
                " SELECT %(org)s, %(child)s, parent.id, 'success' FROM parent",
                {"org": self.caller.org_id, "child": row["id"]},
            )
        job_id: int = row["id"]
        return job_id

    def _in(self, seconds: int | None) -> datetime | None:
        return None if seconds is None else self.now + timedelta(seconds=seconds)

    async def _lift_parents(self, job_id: int, gate: dict[str, Any]) -> None:
        assert [parent["queue_name"] for parent in gate["figures"]["jobs"]] == ["parents"] * gate["figures"][
            "unfinished"
        ]
        await self._change("UPDATE job SET state = 'pending', unmet_parents = 0", job_id)

    async def _lift_due(self, job_id: int, gate: dict[str, Any]) -> None:
        assert gate["until"] > self.now
        await self._change("UPDATE job SET run_at = %(now)s", job_id)

    async def _lift_expiry(self, job_id: int, gate: dict[str, Any]) -> None:
        assert gate["since"] <= self.now
        await self._change("UPDATE job SET expires_at = NULL", job_id)

    async def _lift_paused(self, job_id: int, gate: dict[str, Any]) -> None:  # noqa: ARG002 - one form for all
        await self.sql.execute("UPDATE queue SET paused_at = NULL WHERE org_id = %s", (self.caller.org_id,))

    async def _lift_enabled(self, job_id: int, gate: dict[str, Any]) -> None:  # noqa: ARG002
        await resume_queue(self.core, self.caller, "emails", self.now)

    async def _lift_concurrency(self, job_id: int, gate: dict[str, Any]) -> None:  # noqa: ARG002
        """Just as many of those that run end as the figures say are too many."""
        too_many = gate["figures"]["running"] - gate["figures"]["limit"] + 1
        await self.sql.execute(
            "DELETE FROM job WHERE org_id = %(org)s AND id IN (SELECT id FROM job WHERE org_id = %(org)s AND"
            " queue = 'emails' AND state = 'processing' AND leased_until > %(now)s LIMIT %(count)s)",
            {"org": self.caller.org_id, "now": self.now, "count": too_many},
        )

    async def _lift_rate_limit(self, job_id: int, gate: dict[str, Any]) -> None:  # noqa: ARG002
        """Time passes, for the bucket alone."""
        await self.sql.execute(
            "UPDATE queue SET tokens_at = tokens_at - %s WHERE org_id = %s",
            (gate["until"] - self.now, self.caller.org_id),
        )

    async def _lift_order(self, job_id: int, gate: dict[str, Any]) -> None:
        """Just as many of the first as the figures say go."""
        await self.sql.execute(
            "DELETE FROM job WHERE org_id = %(org)s AND id IN (SELECT id FROM job WHERE org_id = %(org)s AND"
            " queue = 'emails' AND state = 'pending' AND run_at <= %(now)s AND id <> %(id)s"
            " AND (expires_at IS NULL OR expires_at > %(now)s)"
            " ORDER BY priority DESC, run_at, id LIMIT %(count)s)",
            {
                "org": self.caller.org_id,
                "now": self.now,
                "id": job_id,
                "count": gate["figures"]["before"],
            },
        )

    async def _change(self, update: str, job_id: int) -> None:
        await self.sql.execute(
            f"{update} WHERE org_id = %(org)s AND id = %(id)s".encode(),
            {"org": self.caller.org_id, "id": job_id, "now": self.now},
        )


@pytest.fixture
async def sql(database_url: str) -> AsyncIterator[SQL]:
    connection = await psycopg.AsyncConnection.connect(
        database_url, autocommit=True, row_factory=dict_row, prepare_threshold=None
    )
    async with connection:
        yield connection


async def world_of(api: Api, core: Core, sql: SQL) -> World:
    org = await api.new_tenant()
    return World(core, Caller(ids.decode("org", org.org_id), 1), sql)


def holds(explained: dict[str, Any]) -> list[str]:
    return [
        gate["name"] for gate in explained["gates"] if gate["verdict"] == "hold" and gate["name"] in RULES
    ]


@examples(30)
@given(queue=queues, stand=st.lists(jobs, min_size=1, max_size=6))
async def test_what_is_runnable_is_what_a_claim_takes(
    api: Api, core: Core, sql: SQL, queue: Queue, stand: list[Job]
) -> None:
    """Of all jobs of a queue in any state exactly the one that the next claim takes is called runnable."""
    world = await world_of(api, core, sql)
    made = await world.set_up(queue, stand)

    explained = {job_id: await world.explain(job_id) for job_id in made}
    taken = await world.claim()

    assert [job_id for job_id, told in explained.items() if told["runnable"]] == taken
    for job_id, told in explained.items():
        names = [gate["name"] for gate in told["gates"]]
        assert names == (["state"] if told["status"] == "processing" else [*RULES, "workers"])
        assert told["runnable"] == (names != ["state"] and not holds(told))
        assert told["status"] == "processing" or (job_id in taken) == (holds(told) == [])


@examples(30)
@given(queue=queues, stand=st.lists(jobs, min_size=1, max_size=6), number=st.integers(0, 5))
async def test_a_job_goes_once_what_holds_it_is_lifted(
    api: Api, core: Core, sql: SQL, queue: Queue, stand: list[Job], number: int
) -> None:
    """When all that holds a job has been ended, that and no more, the next claim takes it, and not before."""
    world = await world_of(api, core, sql)
    made = await world.set_up(
        queue,
        [
            replace(job, lease_ends_in=None) if n == number % len(stand) else job
            for n, job in enumerate(stand)
        ],
    )
    job_id = made[number % len(stand)]

    named = holds(await world.explain(job_id))
    for name in named:
        before = await world.explain(job_id)
        if name == "order" and "due" in named and name not in holds(before):
            continue  # due at this instant, it stands before others of the same instant
        assert name in holds(before)
        assert not before["runnable"]
        await world.lift(job_id, next(gate for gate in before["gates"] if gate["name"] == name))

    assert (await world.explain(job_id))["runnable"]
    assert await world.claim() == [job_id]
