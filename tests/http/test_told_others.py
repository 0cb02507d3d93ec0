"""Each change of a queue, a worker and a schedule is told once to those who watch, after its commit."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from functions.ticks.schedules import run_once as schedules
from functions.ticks.workers import run_once as workers
from shared import ids
from shared.store import SYSTEM, Query
from tests.support.outbox import World
from tests.support.watching import Story, Told, run_tick, told_by

BREAK = Query("break", "UPDATE schedule SET cron_expression = 'never' WHERE org_id = %(org_id)s", hot=False)
EVERY_MINUTE = {"name": "tick", "queue": "emails", "cron_expression": "* * * * *", "payload": {}}
TEN = range(10)


def host(world: World) -> dict[str, Any]:
    """A worker of the organization; its id may not be another's."""
    return {"worker_id": f"w-{world.org.org_id}", "queue_name": "emails", "hostname": "box"}


async def scheduled(world: World, **fields: Any) -> str:
    """The path of a new schedule, whose queue is there."""
    await world.org.push()
    made = await world.org.post("/schedules", EVERY_MINUTE | fields, 201)
    return f"/schedules/{made['id']}"


async def queue_created(world: World) -> AsyncIterator[None]:
    yield
    await asyncio.gather(*(world.org.post("/queues", {"name": "emails"}, None) for _ in TEN))


async def queue_created_by_configuration(world: World) -> AsyncIterator[None]:
    yield
    await world.org.put("/queues/emails/config", {"enabled": False})


async def queues_created_by_jobs(world: World) -> AsyncIterator[None]:
    yield
    jobs = [{"payload": {}, "queue_name": name} for name in ("b", "a", "b")]
    await world.org.post("/jobs/bulk", {"queue_name": "a", "jobs": jobs})
    await asyncio.gather(*(world.org.push("a") for _ in TEN))


async def queue_updated(world: World) -> AsyncIterator[None]:
    await world.org.post("/queues", {"name": "emails"}, 201)
    yield
    await world.org.put("/queues/emails/config", {"enabled": False})


async def queue_paused(world: World) -> AsyncIterator[None]:
    await world.org.post("/queues", {"name": "emails"}, 201)
    yield
    for _ in range(2):
        await world.org.post("/queues/emails/pause", {"reason": "maintenance"})


async def queue_resumed(world: World) -> AsyncIterator[None]:
    await world.org.post("/queues", {"name": "emails"}, 201)
    await world.org.post("/queues/emails/pause")
    yield
    for _ in range(2):
        await world.org.post("/queues/emails/resume")


async def queue_resumed_by_configuration(world: World) -> AsyncIterator[None]:
    await world.org.post("/queues", {"name": "emails"}, 201)
    await world.org.post("/queues/emails/pause")
    yield
    await world.org.put("/queues/emails/config", {"enabled": True})


async def queue_deleted(world: World) -> AsyncIterator[None]:
    await world.org.post("/queues", {"name": "emails"}, 201)
    yield
    await asyncio.gather(*(world.org.delete("/queues/emails", None) for _ in TEN))


async def queue_refused(world: World) -> AsyncIterator[None]:
    await world.org.push()
    yield
    await world.org.post("/queues", {"name": "emails"}, 409)
    await world.org.put("/queues/emails/config", {"max_retries": -1}, 400)
    await world.org.delete("/queues/emails", 409)
    await world.org.delete("/queues/unknown", 404)
    await world.org.post("/queues/unknown/pause", {}, 404)


async def worker_registered(world: World) -> AsyncIterator[None]:
    yield
    await world.org.post("/workers/register", host(world), 201)


async def worker_heard_of(world: World) -> AsyncIterator[None]:
    await world.org.post("/workers/register", host(world), 201)
    yield
    path = f"/workers/{host(world)['worker_id']}/heartbeat"
    await world.org.post(path, {"current_jobs": 2, "status": "draining"})


async def worker_registered_again(world: World) -> AsyncIterator[None]:
    await world.org.post("/workers/register", host(world), 201)
    yield
    await world.org.post("/workers/register", host(world), 201)


async def worker_deregistered(world: World) -> AsyncIterator[None]:
    await world.org.post("/workers/register", host(world), 201)
    yield
    for _ in range(2):
        await world.org.post(f"/workers/{host(world)['worker_id']}/deregister", {}, None)


async def worker_fallen_silent(world: World) -> AsyncIterator[None]:
    await world.org.post("/workers/register", host(world), 201)
    world.clock.advance(seconds=300)
    yield
    for _ in range(2):
        await run_tick(workers, world.core)


async def worker_refused(world: World) -> AsyncIterator[None]:
    yield
    await world.org.post("/workers/register", {"worker_id": "w"}, 422)
    await world.org.post("/workers/unknown/heartbeat", {"current_jobs": 0}, 404)


async def schedule_created(world: World) -> AsyncIterator[None]:
    yield
    await world.org.post("/schedules", EVERY_MINUTE, 201)


async def schedule_updated(world: World) -> AsyncIterator[None]:
    path = await scheduled(world)
    yield
    await world.org.put(path, {"name": "tock"})


async def schedule_paused(world: World) -> AsyncIterator[None]:
    path = await scheduled(world)
    yield
    for _ in range(2):
        await world.org.post(f"{path}/pause")


async def schedule_resumed(world: World) -> AsyncIterator[None]:
    path = await scheduled(world)
    await world.org.post(f"{path}/pause")
    yield
    for _ in range(2):
        await world.org.post(f"{path}/resume")


async def schedule_deleted(world: World) -> AsyncIterator[None]:
    path = await scheduled(world)
    yield
    for _ in range(2):
        await world.org.delete(path, None)


async def schedule_triggered_by_the_timer(world: World) -> AsyncIterator[None]:
    await scheduled(world)
    world.clock.advance(seconds=61)
    yield
    await run_tick(schedules, world.core)
    await run_tick(schedules, world.core)


async def schedule_triggered_by_hand(world: World) -> AsyncIterator[None]:
    path = await scheduled(world)
    yield
    await world.org.post(f"{path}/trigger")


async def schedule_set_aside(world: World) -> AsyncIterator[None]:
    path = await scheduled(world)
    await world.core.store.fetch(SYSTEM, BREAK, org_id=ids.decode("org", world.org.org_id))
    world.clock.advance(seconds=61)
    yield
    await run_tick(schedules, world.core)
    await run_tick(schedules, world.core)
    await world.org.post(f"{path}/trigger")


async def schedule_refused(world: World) -> AsyncIterator[None]:
    path = await scheduled(world)
    yield
    await world.org.post("/schedules", EVERY_MINUTE | {"cron_expression": "never"}, 400)
    await world.org.put(path, {"timezone": "Nowhere/None"}, 400)
    await world.org.put("/schedules/sched_unknown", {"name": "x"}, 404)


def of(event: str, /, **facts: Any) -> Told:
    return (event,), facts


EMAILS = {"queue_name": "emails"}
BOX = EMAILS | {"hostname": "box", "queue_names": ["emails"]}
TICK = EMAILS | {"name": "tick"}
CASES: list[tuple[Story, list[Told]]] = [
    (queue_created, [of("queue.created", **EMAILS, enabled=True, paused=False)]),
    (queue_created_by_configuration, [of("queue.created", **EMAILS, enabled=False)]),
    (queues_created_by_jobs, [
        of("queue.created", queue_name="a"), of("queue.created", queue_name="b"),
        of("job.created", queue_name="b"), of("job.created", queue_name="a"),
        of("job.created", queue_name="b"), *[of("job.created", queue_name="a")] * 10,
    ]),
    (queue_updated, [of("queue.updated", **EMAILS, enabled=False)]),
    (queue_paused, [of("queue.paused", **EMAILS, reason="maintenance")]),
    (queue_resumed, [of("queue.resumed", **EMAILS)]),
    (queue_resumed_by_configuration, [of("queue.resumed", **EMAILS)]),
    (queue_deleted, [of("queue.deleted", **EMAILS)]),
    (queue_refused, []),
    (worker_registered, [of("worker.registered", **BOX)]),
    (worker_heard_of, [of("worker.heartbeat", **BOX, status="draining", current_jobs=2)]),
    (worker_registered_again, [of("worker.heartbeat", **BOX, status="healthy", current_jobs=0)]),
    (worker_deregistered, [of("worker.deregistered", **BOX)]),
    (worker_fallen_silent, [of("worker.deregistered", **BOX)]),
    (worker_refused, []),
    (schedule_created, [of("schedule.created", **TICK, is_active=True, cron_expression="* * * * *")]),
    (schedule_updated, [of("schedule.updated", **TICK | {"name": "tock"})]),
    (schedule_paused, [of("schedule.paused", **TICK, is_active=False, next_run_at=None)]),
    (schedule_resumed, [of("schedule.resumed", **TICK, is_active=True)]),
    (schedule_deleted, [of("schedule.deleted", **TICK)]),
    (schedule_triggered_by_the_timer, [of("job.created", **EMAILS), of("schedule.triggered", **TICK)]),
    (schedule_triggered_by_hand, [of("job.created", **EMAILS),
                                  of("schedule.triggered", **TICK, planned_at=None)]),
    (schedule_set_aside, [of("schedule.paused", **TICK, is_active=False),
                          of("job.created", **EMAILS), of("schedule.triggered", **TICK)]),
    (schedule_refused, []),
]  # fmt: skip


@pytest.mark.parametrize(("story", "expected"), CASES, ids=lambda value: getattr(value, "__name__", ""))
async def test_a_change_is_told_once(process: World, story: Story, expected: list[Told]) -> None:
    """By every kind of process; what was refused or repeated is not told."""
    told = await told_by(story, process)

    assert [names for names, _ in told] == [names for names, _ in expected]
    for (_, data), (_, facts) in zip(told, expected, strict=True):
        assert data.items() >= facts.items()
