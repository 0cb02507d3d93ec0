"""Claims that begin at marks: what comes in front of them is seen, and a metric tells of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest

from shared import ids
from shared.core import Core
from shared.edge.opening import open_core
from shared.jobs.claim import Claim
from shared.jobs.claim_wait import claim_jobs
from shared.jobs.enqueue import NewJob, enqueue_jobs
from shared.marks import Marks, QueueMarks
from shared.settings import Settings
from shared.tenants.caller import Caller
from tests.support.api import Tenant, api_of
from tests.support.asked import asked
from tests.support.clock import MovingClock
from tests.support.until import until, until_consumers_wait

SOON = 8
"""Seconds that are far below the wait that is asked for."""
Arrive = Callable[[Tenant], Awaitable[str]]


@pytest.fixture
def caller(org: Tenant) -> Caller:
    return Caller(org_id=ids.decode("org", org.org_id), key_id=1)


@pytest.fixture
async def marked(core: Core, org: Tenant) -> Core:
    """A process whose claims of the queue begin at marks, and which rests for a second after each look."""
    core.wakeups.marks = Marks(slow_at=0)
    for _ in range(12):
        await org.push(priority=1)
    marks = marks_of(core, org)
    for _ in range(3):
        await org.dequeue()
    assert marks.are_known
    marks._rest = timedelta(seconds=1)
    return core


def marks_of(core: Core, org: Tenant) -> QueueMarks:
    return core.marks.of(ids.decode("org", org.org_id), "emails")


async def pushed_higher(org: Tenant) -> str:
    return str((await org.push(priority=7))["id"])


async def pushed_in_bulk(org: Tenant) -> str:
    jobs = [{"payload": {}}, {"payload": {}, "priority": 9}]
    made = await org.post("/jobs/bulk", {"queue_name": "emails", "jobs": jobs})
    return str(made["succeeded"][1]["job_id"])


async def set_higher(org: Tenant) -> str:
    low = await org.push(priority=-3)
    await org.put(f"/jobs/{low['id']}/priority", {"priority": 4})
    return str(low["id"])


async def retried(org: Tenant) -> str:
    high = await org.push(priority=8)
    await org.dequeue()
    await org.post(f"/jobs/{high['id']}/fail", {"error": "x", "no_retry": True})
    await org.post(f"/jobs/{high['id']}/retry")
    return str(high["id"])


@pytest.mark.parametrize("arrive", [pushed_higher, pushed_in_bulk, set_higher, retried])
async def test_what_comes_before_the_mark_is_the_next(
    marked: Core, org: Tenant, monkeypatch: pytest.MonkeyPatch, arrive: Arrive
) -> None:
    """This process saw it come, and knows where: nobody has to look at the front for it."""
    job_id = await arrive(org)
    names = asked(marked, monkeypatch)

    assert (await org.dequeue())["id"] == job_id
    assert "next_look" not in names


async def test_a_step_that_becomes_ready_is_seen_with_the_next_look(marked: Core, org: Tenant) -> None:
    """It has the place that it had from the beginning, wherever that is: the front is looked at."""
    steps = [
        {"key": "a", "queue": "emails", "payload": {}, "priority": 9},
        {"key": "b", "queue": "emails", "payload": {}, "priority": 9, "depends_on": ["a"]},
    ]
    flow = await org.post("/workflows", {"name": "flow", "jobs": steps}, 201)
    parent = await org.dequeue()
    marks_of(marked, org)._rest = timedelta(0)
    await org.post(f"/jobs/{parent['id']}/complete")

    child = await org.dequeue()

    assert (child["workflow_id"], child["key"]) == (flow["workflow_id"], "b")


async def test_a_resumed_queue_is_looked_at(marked: Core, org: Tenant, other: Core, caller: Caller) -> None:
    """What came meanwhile, from whichever process, is there."""
    await org.post("/queues/emails/pause")
    assert await org.dequeue() is None
    (made,) = await enqueue_jobs(other, caller, [NewJob("emails", "1", priority=5)], other.clock())
    marks_of(marked, org)._rest = timedelta(0)
    await org.post("/queues/emails/resume")

    assert (await org.dequeue())["id"] == ids.encode("job", made.job_id)


@pytest.fixture
async def other(settings: Settings, clock: MovingClock) -> AsyncIterator[Core]:
    """Another process, of which this one hears nothing."""
    opened = await open_core(settings.model_copy(update={"redis_url": "none"}), clock)
    yield opened
    await opened.close()


async def test_what_others_push_is_found_in_its_order(
    marked: Core, org: Tenant, other: Core, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job of a known priority comes after the mark, whoever made it; nobody looks at the front for it."""
    while await org.dequeue():
        pass
    marks_of(marked, org)._rest = timedelta(seconds=1)
    names = asked(marked, monkeypatch)

    (made,) = await enqueue_jobs(other, caller, [NewJob("emails", "1", priority=1)], other.clock())

    assert (await org.dequeue())["id"] == ids.encode("job", made.job_id)
    assert names == ["claim_jobs"]


@pytest.mark.usefixtures("marked")
async def test_what_others_push_in_front_is_found_within_a_second(
    org: Tenant, other: Core, caller: Caller, clock: MovingClock
) -> None:
    """A priority that this process does not know is seen when it looks at the front again."""
    (made,) = await enqueue_jobs(other, caller, [NewJob("emails", "1", priority=5)], other.clock())
    job_id = ids.encode("job", made.job_id)

    assert (await org.dequeue())["id"] != job_id
    clock.advance(seconds=1)
    assert (await org.dequeue())["id"] == job_id


@pytest.mark.parametrize("arrive", [pushed_higher, set_higher])
async def test_what_others_tell_of_is_the_next(
    marked: Core, org: Tenant, settings: Settings, clock: MovingClock, arrive: Arrive
) -> None:
    """Through Redis a process hears where another one's job stands, and does not wait for its next look."""
    far = await open_core(settings, clock)
    async with api_of(far) as api:
        job_id = await arrive(Tenant(api.client, org.key, org.org_id))
        marks = marks_of(marked, org)

        async def is_heard() -> bool:
            return max(marks.starts()) > 1

        await until(is_heard)
    await far.close()

    assert (await org.dequeue())["id"] == job_id


async def test_who_finds_nothing_looks_at_the_front(
    marked: Core, org: Tenant, other: Core, caller: Caller
) -> None:
    """An empty answer is one of the front, as soon as that can be afforded again."""
    while await org.dequeue():
        pass
    marks_of(marked, org)._rest = timedelta(0)
    (made,) = await enqueue_jobs(other, caller, [NewJob("emails", "1", priority=5)], other.clock())

    assert (await org.dequeue())["id"] == ids.encode("job", made.job_id)


async def emptied(org: Tenant) -> None:
    while await org.dequeue():
        pass


@pytest.mark.parametrize("delay", [None, 0.4])
async def test_who_waits_is_served(marked: Core, org: Tenant, delay: float | None) -> None:
    """A push wakes a consumer, and so does the time at which a job falls due."""
    await emptied(org)
    consumer = asyncio.create_task(org.dequeue(wait_seconds=20))
    await until_consumers_wait(marked)
    job = await org.push(priority=3, delay_seconds=delay)

    assert (await asyncio.wait_for(consumer, SOON))["id"] == job["id"]


async def test_a_lapsed_lease_comes_to_who_waits(marked: Core, org: Tenant, caller: Caller) -> None:
    """Leases are looked at with the front, each second."""
    await emptied(org)
    job = await org.push(priority=3)
    await claim_jobs(marked, caller, Claim("emails", "dead", lease_seconds=1))

    taken = await asyncio.wait_for(org.dequeue(wait_seconds=20), SOON)

    assert (taken["id"], taken["attempts"]) == (job["id"], 2)


@pytest.mark.usefixtures("marked")
async def test_metrics_tell_of_it(org: Tenant) -> None:
    """How many claims began at marks, and of how many queues they do now."""

    async def metrics() -> dict[str, float]:
        lines = (await org.raw("GET", "/metrics")).text.splitlines()
        parts = [line.rpartition(" ") for line in lines if not line.startswith("#")]
        return {name: float(value) for name, _, value in parts}

    before = await metrics()
    await org.dequeue()
    await org.dequeue()
    after = await metrics()

    assert after["spooled_claims_from_mark_total"] - before["spooled_claims_from_mark_total"] == 2
    assert after["spooled_queues_with_mark"] == 1


async def test_a_quick_queue_has_no_marks(core: Core, org: Tenant) -> None:
    """Where no snapshot is held, claims are strict, however many jobs there are."""
    for _ in range(30):
        await org.push()
    while await org.dequeue():
        pass

    assert not marks_of(core, org).is_slow
    assert core.tally.claims_from_marks == 0
