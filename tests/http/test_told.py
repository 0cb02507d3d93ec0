"""What happens in an organization that is watched is told once, after the commit, and to nobody otherwise."""

from typing import TYPE_CHECKING

import pytest

from shared import ids
from shared.core import Core
from shared.edge.opening import open_redis
from shared.events.channel import stream_of
from shared.jobs.enqueue import NewJob, enqueue_within
from shared.tenants.caller import Caller
from tests.support.api import Tenant
from tests.support.clock import MovingClock
from tests.support.outbox import World, subscribe, told
from tests.support.watching import kept, streamed, watch

if TYPE_CHECKING:
    from shared.events.happening import Happening


class UndoneError(Exception):
    pass


async def test_a_life_of_a_job_is_told_in_order(core: Core, org: Tenant, clock: MovingClock) -> None:
    """Who reads the stream of the organization sees each change of a job, with what it was before."""
    await org.post("/queues", {"name": "emails"}, 201)
    await watch(core, org)

    await org.push()
    job = await org.dequeue()
    clock.advance(seconds=2)
    await org.post(f"/jobs/{job['id']}/complete", {"result": 7})

    heard = await streamed(core, org)
    assert [names for names, _ in heard] == [("job.created",), ("job.started",), ("job.completed",)]
    assert [item["previous_status"] for _, item in heard] == [None, "pending", "processing"]
    assert {item["job_id"] for _, item in heard} == {job["id"]}
    assert heard[2][1]["result"] == 7
    assert heard[2][1]["duration_ms"] // 1000 == 2


async def test_nothing_is_told_where_nobody_watches(core: Core, org: Tenant, other_org: Tenant) -> None:
    """An organization without a watcher costs Redis not one entry, and its neighbour hears nothing of it."""
    await watch(core, other_org)

    await org.push()

    async with open_redis(core.settings) as redis:
        assert not await redis.exists(stream_of(ids.decode("org", org.org_id)))
    assert await streamed(core, other_org) == []


async def test_what_is_undone_is_not_told(core: Core, org: Tenant) -> None:
    """A change that is rolled back was never there, for whoever watches too."""
    await watch(core, org)
    caller = Caller(ids.decode("org", org.org_id), ids.UNKNOWN)

    async def undo() -> None:
        async with core.store.transaction(caller.scope) as transaction:
            await enqueue_within(transaction, core, caller, [NewJob("emails", "{}")], core.clock())
            raise UndoneError

    with pytest.raises(UndoneError):
        await undo()
    await org.push("later")

    assert {item["queue_name"] for _, item in await streamed(core, org)} == {"later"}


async def test_a_batch_is_told_job_by_job(core: Core, org: Tenant) -> None:
    """A thousand jobs of one statement are a thousand entries, in their order."""
    await watch(core, org)
    jobs = [{"payload": {}, "priority": place % 7} for place in range(1000)]

    await org.post("/jobs/bulk", {"queue_name": "emails", "jobs": jobs})

    heard = await streamed(core, org)
    assert [item["priority"] for names, item in heard if names == ("job.created",)] == [
        place % 7 for place in range(1000)
    ]


async def test_listeners_in_the_process_hear_at_once(core: Core, org: Tenant) -> None:
    """Who listens in the process that made the change has heard of it when the answer is there."""
    heard: list[Happening] = []
    await org.post("/queues", {"name": "emails"}, 201)
    await watch(core, org)
    leave = core.wakeups.outgoing.listen(heard.append)

    await org.push()
    leave()
    await org.push()

    assert [(happening.names, happening.is_kept) for happening in heard] == [(("job.created",), False)]


async def test_what_a_reader_without_redis_wants_is_kept(core: Core, org: Tenant) -> None:
    """With such a reader the change itself writes the table, and the stream is left alone."""
    await org.post("/queues", {"name": "emails"}, 201)
    await watch(core, org, kept=True)

    await org.push()

    assert [names for names, _ in await kept(core, org)] == [("job.created",)]
    assert await streamed(core, org) == []


async def test_what_is_kept_holds_with_its_change(process: World) -> None:
    """In order, in the transaction of the change: what is undone is not there; nobody else is told."""
    core, org = process.core, process.org
    await org.post("/queues", {"name": "emails"}, 201)
    await watch(core, org, kept=True)
    caller = Caller(ids.decode("org", org.org_id), ids.UNKNOWN)

    async def undo() -> None:
        async with core.store.transaction(caller.scope) as transaction:
            await enqueue_within(transaction, core, caller, [NewJob("emails", "{}")], core.clock())
            raise UndoneError

    with pytest.raises(UndoneError):
        await undo()
    for priority in range(3):
        await org.push(priority=priority)
    jobs = [{"payload": {}, "priority": place} for place in range(3, 50)]
    await org.post("/jobs/bulk", {"queue_name": "emails", "jobs": jobs})

    assert [item["priority"] for _, item in await kept(core, org)] == list(range(50))
    assert await streamed(core, org) == []


async def test_webhooks_and_watchers_hear_of_the_same(process: World) -> None:
    """Each in its own way, once; what only watchers are told of is no delivery."""
    await subscribe(process.core, process.org)
    await watch(process.core, process.org)

    await process.org.push()

    assert [name for name, _ in await told(process.core, process.org)] == ["job.created"]
    assert [names for names, _ in await streamed(process.core, process.org)] == [
        ("queue.created",),
        ("job.created",),
    ]
    assert (await told(process.core, process.org))[0][1] == (await streamed(process.core, process.org))[1][1]
