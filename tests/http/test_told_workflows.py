"""What a workflow's steps set off is told once to those who watch, the cause before the effect."""

import asyncio
from collections.abc import AsyncIterator
from itertools import groupby

import pytest

from functions.ticks.leases import run_once as leases
from tests.support.outbox import World
from tests.support.steps import bury, complete, made, step, take
from tests.support.watching import Story, run_tick, told_by


async def ready(world: World) -> None:
    """The queue of all steps is there already."""
    await world.org.post("/queues", {"name": "steps"}, 201)


async def created(world: World) -> AsyncIterator[None]:
    await ready(world)
    yield
    await made(world.org, step("a"), step("b", "a"))


async def refused(world: World) -> AsyncIterator[None]:
    await ready(world)
    yield
    await made(world.org, step("a", "b"), step("b", "a"), status=400)


async def begun(world: World) -> AsyncIterator[None]:
    await made(world.org, step("a"), step("b"))
    yield
    body = {"queue": "steps", "worker_id": "w"}
    await world.org.post("/jobs/dequeue", body)
    await world.org.post("/jobs/dequeue", body)


async def gone_on(world: World) -> AsyncIterator[None]:
    await made(world.org, step("a"), step("b", "a"), step("c", "a"), step("d", "a", "b"))
    jobs = await take(world.org)
    yield
    await complete(world.org, jobs["a"])


async def gone_on_to_a_job_for_later(world: World) -> AsyncIterator[None]:
    parent, child = await world.org.push("steps"), await world.org.push("steps", delay_seconds=3600)
    yield
    await world.org.post(f"/jobs/{child['id']}/dependencies", {"depends_on": [parent["id"]]})
    await complete(world.org, await world.org.dequeue("steps"))


async def completed(world: World) -> AsyncIterator[None]:
    await made(world.org, *(step(key) for key in "ab"))
    jobs = await take(world.org)
    yield
    await asyncio.gather(*(complete(world.org, job) for job in jobs.values()))


async def failed(world: World) -> AsyncIterator[None]:
    await made(world.org, step("a"), step("b", "a"), step("c", "b"))
    jobs = await take(world.org)
    yield
    await bury(world.org, jobs["a"])


async def failed_by_a_lapsed_lease(world: World) -> AsyncIterator[None]:
    await made(world.org, step("a", max_retries=0), step("b", "a"))
    await take(world.org)
    world.clock.advance(seconds=301)
    yield
    await run_tick(leases, world.core)


async def rescued(world: World) -> AsyncIterator[None]:
    await made(world.org, step("a"), step("b", "a", dependency_type="failure"), step("c", "b"))
    jobs = await take(world.org)
    yield
    await bury(world.org, jobs["a"])


async def spared(world: World) -> AsyncIterator[None]:
    await made(world.org, step("a"), step("b", "a", dependency_type="failure"))
    jobs = await take(world.org)
    yield
    await complete(world.org, jobs["a"])


async def cancelled(world: World) -> AsyncIterator[None]:
    workflow = await made(world.org, step("a"), step("b", "a"), step("c"))
    await world.org.post("/jobs/dequeue", {"queue": "steps", "worker_id": "w"})
    yield
    for _ in range(2):
        await world.org.post(f"/workflows/{workflow['id']}/cancel")


async def retried(world: World) -> AsyncIterator[None]:
    workflow = await made(world.org, step("a"), step("b", "a"))
    await bury(world.org, (await take(world.org))["a"])
    yield
    await world.org.post(f"/workflows/{workflow['id']}/retry")
    await world.org.post(f"/workflows/{workflow['id']}/retry", {}, 400)


async def held_back(world: World) -> AsyncIterator[None]:
    parent, child = await world.org.push("steps"), await world.org.push("steps")
    yield
    for _ in range(2):
        await world.org.post(f"/jobs/{child['id']}/dependencies", {"depends_on": [parent["id"]]})


async def let_go(world: World) -> AsyncIterator[None]:
    first, second, child = [await world.org.push("steps") for _ in range(3)]
    path = f"/jobs/{child['id']}/dependencies"
    await world.org.post(path, {"depends_on": [first["id"]]})
    await complete(world.org, await world.org.dequeue("steps"))
    await world.org.post(path, {"depends_on": [second["id"]]})
    yield
    await world.org.post(path, {"depends_on": [first["id"]], "dependency_mode": "any"})


def _runs(changes: list[tuple[str, str | None, str]]) -> list[list[tuple[str, str | None, str]]]:
    """Changes of one kind that come together, in any order: a statement makes them at once."""
    return [sorted(run, key=str) for _, run in groupby(changes, key=lambda change: change[0])]


def change(name: str, old: str | None, new: str) -> tuple[str, str | None, str]:
    return name, old, new


ENDED = change("job.completed", "processing", "completed")
READY = change("job.ready", "scheduled", "pending")
BURIED = change("job.failed job.deadlettered", "processing", "deadletter")
FELL = change("job.cancelled", "scheduled", "cancelled")
BEGUN = change("job.started", "pending", "processing")
CASES: list[tuple[Story, list[tuple[str, str | None, str]]]] = [
    (created, [change("workflow.created", None, "pending"), change("job.created", None, "pending"),
               change("job.created", None, "scheduled")]),
    (refused, []),
    (begun, [BEGUN, change("workflow.started", None, "running"), BEGUN]),
    (gone_on, [ENDED, READY, READY]),
    (gone_on_to_a_job_for_later, [BEGUN, ENDED]),
    (completed, [ENDED, ENDED, change("workflow.completed", None, "completed")]),
    (failed, [BURIED, FELL, FELL, change("workflow.failed", None, "failed")]),
    (failed_by_a_lapsed_lease, [BURIED, FELL, change("workflow.failed", None, "failed")]),
    (rescued, [BURIED, READY]),
    (spared, [ENDED, FELL, change("workflow.completed", None, "completed")]),
    (cancelled, [change("job.cancelled", "processing", "cancelled"), FELL,
                 change("job.cancelled", "pending", "cancelled"),
                 change("workflow.cancelled", None, "cancelled")]),
    (retried, [change("workflow.retried", None, "running"), change("job.retried", "deadletter", "pending"),
               change("job.retried", "cancelled", "scheduled")]),
    (held_back, [change("job.waiting", "pending", "scheduled")]),
    (let_go, [READY]),
]  # fmt: skip


@pytest.mark.parametrize(("story", "expected"), CASES, ids=lambda value: getattr(value, "__name__", ""))
async def test_a_change_is_told_once(
    process: World, story: Story, expected: list[tuple[str, str | None, str]]
) -> None:
    """By every kind of process; what falls due, falls with another or comes back is told like all else."""
    told = await told_by(story, process)

    seen = [(" ".join(names), data.get("previous_status"), data["status"]) for names, data in told]
    assert _runs(seen) == _runs(expected)


async def test_a_workflow_says_which_queues_it_is_about(process: World) -> None:
    """Who may use only some queues is shown what stays within them."""
    told = await told_by(created, process)

    assert told[0][1]["queue_names"] == ["steps"]
    assert told[0][1].items() >= {"name": "w", "total_jobs": 2, "completed_jobs": 0}.items()
