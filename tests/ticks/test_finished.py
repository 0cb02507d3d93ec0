"""What became of jobs is counted once each, whatever commits while it is counted."""

import asyncio
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import psycopg
import pytest

from shared.core import Core
from shared.edge.opening import open_core
from shared.metrics.finished import BOUNDS, OTHER, Durations, Finished, count_finished, read_finished
from shared.settings import Settings
from shared.store.migrate import migrations
from tests.support.api import Tenant, api_of
from tests.support.clock import MovingClock
from tests.support.statements import sent_statements
from tests.support.until import until

BUDGET = 10.0


@dataclass
class Place:
    """A service of its own, with an organization in it, and a connection past it."""

    core: Core
    org: Tenant
    clock: MovingClock
    owner: psycopg.AsyncConnection[tuple[object, ...]]

    async def outcomes(self, **more: int) -> Mapping[str, Counter[str]]:
        """All that was counted, once no transaction is open that began before, and at once."""
        row = await (await self.owner.execute("SELECT pg_current_xact_id()")).fetchone()
        assert row

        async def all_have_ended() -> bool:
            oldest = "SELECT pg_snapshot_xmin(pg_current_snapshot()) > %s::text::xid8"
            return await (await self.owner.execute(oldest, (str(row[0]),))).fetchone() == (True,)

        async def is_behind() -> bool:
            await count_finished(
                replace(self.core, settings=self.core.settings.model_copy(update=more)), BUDGET
            )
            marked = await self.owner.execute("SELECT counted_before > %s FROM job_measure_mark", (row[0],))
            return await marked.fetchone() == (True,)

        # Which queues are named is decided when they are first counted.
        await until(all_have_ended)
        await until(is_behind)
        found = await read_finished(self.core, by_queue=True)
        return {queue: +finished.outcomes for queue, finished in found.items()}

    async def finish(self, queue: str, count: int = 1) -> None:
        for _ in range(count):
            await self.org.push(queue)
            job = await self.org.dequeue(queue)
            await self.org.post(f"/jobs/{job['id']}/complete")


@pytest.fixture
async def place(own_url: str, settings: Settings, clock: MovingClock) -> AsyncIterator[Place]:
    async with await psycopg.AsyncConnection.connect(own_url, autocommit=True) as owner:
        await owner.execute("TRUNCATE measured_queue, job_measure, job_slot, job")
        core = await open_core(settings.model_copy(update={"database_url": own_url}), clock)
        async with api_of(core) as api:
            opened = Place(core, await api.new_tenant(), clock, owner)
            await opened.outcomes()
            await owner.execute("TRUNCATE measured_queue, job_measure")
            yield opened
        await core.close()


async def test_each_job_that_ends_is_counted_once(place: Place) -> None:
    """Completed, given up and cancelled, by queue; whoever counts again finds nothing new."""
    await place.finish("emails", 2)
    await place.org.bury("emails")
    job = await place.org.push("reports")
    await place.org.delete(f"/jobs/{job['id']}")
    once = await place.outcomes()

    assert once == {OTHER: {}, "emails": {"completed": 2, "deadletter": 1}, "reports": {"cancelled": 1}}
    assert await place.outcomes() == once


async def test_wait_is_from_when_a_job_is_due_and_run_from_its_start(place: Place) -> None:
    """A job for later waits from then on, one that is tried again from its second time."""
    await place.org.push("later", delay_seconds=100)
    await place.org.push("again")
    place.clock.advance(seconds=40)
    failed = await place.org.dequeue("again")
    await place.org.post(f"/jobs/{failed['id']}/fail", {"error": "x"})
    place.clock.advance(seconds=67)
    for queue in ("later", "again"):
        job = await place.org.dequeue(queue)
        place.clock.advance(seconds=3)
        await place.org.post(f"/jobs/{job['id']}/complete")
    await place.outcomes()
    found = await read_finished(place.core, by_queue=True)

    assert [found[queue].wait.buckets for queue in ("later", "again")] == [{10.0: 1}, {300.0: 1}]
    assert [found[queue].run.buckets for queue in ("later", "again")] == [{5.0: 1}, {5.0: 1}]
    assert 7 <= found["later"].wait.seconds < 9
    assert 67 <= found["again"].wait.seconds < 72


async def test_jobs_that_end_while_others_are_counted_are_counted_once(place: Place) -> None:
    """Two timers count beside workers, transactions that stay open, and a clock that is behind."""
    queues = [f"race-{n}" for n in range(3)]
    chance = random.Random(7)
    done: Counter[str] = Counter()
    late_clock = replace(place.core, clock=lambda: place.clock() - timedelta(seconds=45))

    async def work(org: Tenant, others: Tenant) -> None:
        for _ in range(12):
            queue, size = chance.choice(queues), chance.randint(1, 9)
            await org.post("/jobs/bulk", {"queue": queue, "jobs": [{"payload": 1}] * size})
            place.clock.advance(seconds=chance.random() / 10)
            taken = (await org.post("/jobs/claim", {"queue": queue, "worker_id": "w", "limit": size}))["jobs"]
            if not taken:
                continue
            held = [{"id": job["id"]} for job in taken]
            settling = chance.choice([org, others])
            if chance.random() < 0.3:
                failed = [{**job, "error": "x", "no_retry": True} for job in held]
                await settling.post("/jobs/fail", {"worker_id": "w", "jobs": failed})
            else:
                await settling.post("/jobs/complete", {"worker_id": "w", "jobs": held})
            done[queue] += len(held)

    async def hold_open() -> None:
        """What ends in a transaction that commits long after others that began later."""
        async with await psycopg.AsyncConnection.connect(place.core.settings.database_url) as slow:
            for _ in range(4):
                await slow.execute(
                    "INSERT INTO job_archive (org_id, queue, state, run_at, max_retries, timeout_seconds,"
                    " payload, created_at, updated_at, started_at, finished_at)"
                    " SELECT org_id, 'race-0', 'completed', now(), 0, 1, '1', now(), now(), now(),"
                    " now() - interval '30 seconds' FROM organization LIMIT 1"
                )
                before = counts
                await until(lambda before=before: _is_true(counts >= before + 5))  # type: ignore[misc]
                await slow.commit()
                done["race-0"] += 1

    async def count() -> None:
        nonlocal counts
        while not is_over.is_set():
            await count_finished(place.core, BUDGET)
            counts += 1
            await asyncio.sleep(0)

    await place.finish("race-0")
    done["race-0"] += 1
    counts, is_over = 0, asyncio.Event()
    timers = [asyncio.create_task(count()) for _ in range(2)]
    async with api_of(late_clock) as behind:
        other = Tenant(behind.client, place.org.key, place.org.org_id)
        await asyncio.gather(*(work(place.org, other) for _ in range(3)), hold_open())
    is_over.set()
    await asyncio.gather(*timers)
    counted = {queue: outcomes.total() for queue, outcomes in (await place.outcomes()).items()}

    assert counted == {OTHER: 0, **done}


async def _is_true(value: bool) -> bool:  # noqa: FBT001 - what `until` asks
    return value


async def test_an_open_transaction_holds_up_the_count_and_loses_nothing(place: Place) -> None:
    """While somebody writes, what ended after that began waits for its end, and is then counted."""
    async with await psycopg.AsyncConnection.connect(place.core.settings.database_url) as slow:
        await slow.execute("SELECT pg_current_xact_id()")
        await place.finish("emails", 3)
        await count_finished(place.core, BUDGET)
        held = await read_finished(place.core, by_queue=True)
        await slow.rollback()

    assert "emails" not in held or not held["emails"].outcomes
    assert (await place.outcomes())["emails"] == {"completed": 3}


async def test_after_a_pause_of_days_nothing_is_missing(place: Place) -> None:
    """The count goes through the pause in steps, which a run that is out of time leaves to the next."""
    await place.finish("paused")
    await place.owner.execute(
        "UPDATE job_archive SET finished_at = now() - interval '1 day' WHERE queue = 'paused'"
    )
    await place.owner.execute(
        "UPDATE job_measure_mark SET finished_since = now() - interval '2 days',"
        " seen_at = now() - interval '2 days'"
    )
    await place.finish("paused", 2)
    await count_finished(place.core, 0)
    marked = await place.owner.execute("SELECT counted_until IS NOT NULL FROM job_measure_mark")
    is_under_way = await marked.fetchone()

    assert is_under_way == (True,)
    assert (await place.outcomes())["paused"] == {"completed": 3}


async def test_a_tenant_with_many_queues_has_as_many_series_as_others(place: Place) -> None:
    """The busiest queues are named while there is room, all others are `other`, and nothing is lost."""
    for queue, jobs in (("a", 1), ("b", 3), ("c", 2), (OTHER, 1)):
        await place.finish(queue, jobs)
    counted = await place.outcomes(metrics_queues=2)
    await place.finish("a")
    await place.finish("b")

    assert counted == {"b": {"completed": 3}, "c": {"completed": 2}, OTHER: {"completed": 2}}
    assert (await place.outcomes(metrics_queues=2)) == {
        "b": {"completed": 4},
        "c": {"completed": 2},
        OTHER: {"completed": 3},
    }


async def test_a_queue_that_is_twice_as_busy_takes_the_place_of_another(place: Place) -> None:
    """Its series begins then; the sum over all queues never shrinks."""
    await place.finish("calm", 2)
    await place.outcomes(metrics_queues=1)
    await place.finish("busy", 3)
    await place.outcomes(metrics_queues=1)
    before = (await read_finished(place.core, by_queue=False))[OTHER]
    await place.owner.execute(
        "INSERT INTO job_slot SELECT 1, queue, slot_of(now()), jobs, 0, 0, 0, 0"
        " FROM (VALUES ('calm', 2), ('busy', 5)) AS slot(queue, jobs)"
    )
    await place.owner.execute("UPDATE job_measure_mark SET compared_at = '-infinity'")
    await place.outcomes(metrics_queues=1)
    await place.finish("busy")
    counted = await place.outcomes(metrics_queues=1)
    after = (await read_finished(place.core, by_queue=False))[OTHER]

    assert counted == {"busy": {"completed": 1}, OTHER: {"completed": 3}}
    assert (before.outcomes["completed"], after.outcomes["completed"]) == (5, 6)
    assert (before.wait.jobs, after.wait.jobs) == (5, 6)


async def test_a_queue_nobody_works_on_is_named(place: Place) -> None:
    """Jobs that only wait have a name while there is room: that queue is the one to look at."""
    await place.org.push("forgotten")
    assert await place.outcomes() == {OTHER: {}, "forgotten": {}}


async def test_a_database_that_moved_elsewhere_is_counted_on(place: Place) -> None:
    """Transactions of another server have other numbers; a mark beyond them does not stop the count."""
    await place.owner.execute(
        "UPDATE job_measure_mark SET counted_before = '9000000000000', seen_before = '9'"
    )
    await count_finished(place.core, BUDGET)
    await place.finish("emails")
    assert (await place.outcomes())["emails"] == {"completed": 1}


async def test_what_changes_a_finished_job_is_known() -> None:
    """A row that is changed has a new transaction, and would count twice: who does it must have an answer."""
    changing = {
        name
        for name, forms in (await sent_statements()).items()
        if any(re.search(r"UPDATE job_archive\b", form) for form in forms)
    }
    made = re.findall(r"UPDATE job_archive\b[^;]*", "".join(one.text for one in migrations()))

    assert changing == {"jobs/causes: fill_causes", "webhooks/resealing: reseal"}
    assert all(statement.startswith("UPDATE job_archive SET never_ran") for statement in made)


def test_a_quantile_is_that_of_prometheus() -> None:
    """In the bucket in which it lies, by as much as it lies in it; above all bounds the largest of them."""
    durations = Durations()
    assert durations.quantile(0.95) is None
    durations.add(0.05, 50, 2.0)
    durations.add(0.1, 50, 4.0)
    assert durations.quantile(0.5) == pytest.approx(0.05)
    assert durations.quantile(0.95) == pytest.approx(0.095)
    durations.add(float("inf"), 900, 1.0)
    assert durations.quantile(0.95) == BOUNDS[-1]


def test_what_is_added_up_is_what_both_had() -> None:
    """The figures of all queues are those of each together."""
    one, two = Finished(), Finished()
    one.add({"what": "run", "le": 1.0, "jobs": 2, "seconds": 1.5})
    two.add({"what": "run", "le": 1.0, "jobs": 1, "seconds": 1.0})
    two.add({"what": "completed", "jobs": 4})
    one.merge(two)

    assert (one.run.buckets, one.run.seconds, one.outcomes) == ({1.0: 3}, 2.5, {"completed": 4})
