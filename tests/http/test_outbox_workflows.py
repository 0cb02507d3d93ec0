"""What a workflow's steps set off is told as well, and so is its end."""

import asyncio
from typing import Any

from shared.core import Core
from tests.support.api import Tenant
from tests.support.outbox import subscribe, told
from tests.support.steps import bury, complete, made, step, take


def _key_of(workflow: Any) -> dict[str, str]:
    return {job["job_id"]: job["key"] for job in workflow["job_ids"]}


async def _told(core: Core, org: Tenant, workflow: Any) -> list[tuple[str, str]]:
    """The events with the key of the step, or the status of the workflow, that they are about."""
    keys = _key_of(workflow)
    events = await told(core, org)
    assert {data["workflow_id"] for _, data in events} <= {workflow["id"]}
    return [(event, keys[data["job_id"]] if "job_id" in data else data["status"]) for event, data in events]


async def test_each_step_is_told_when_it_is_made(core: Core, org: Tenant) -> None:
    """Once, with its workflow, and as scheduled when it waits."""
    await subscribe(core, org, "job.created")

    workflow = await made(org, step("a"), step("b", "a"))

    assert await _told(core, org, workflow) == [("job.created", "a"), ("job.created", "b")]
    assert [data["status"] for _, data in await told(core, org)] == ["pending", "scheduled"]


async def test_the_last_step_ends_the_workflow(core: Core, org: Tenant) -> None:
    """The end is told once, with the figures of the workflow."""
    await subscribe(core, org, "job.completed", "workflow.completed", "workflow.failed")
    workflow = await made(org, step("a"), step("b", "a"))

    await complete(org, (await take(org))["a"])
    await complete(org, (await take(org))["b"])

    assert sorted(await _told(core, org, workflow)) == [
        ("job.completed", "a"),
        ("job.completed", "b"),
        ("workflow.completed", "completed"),
    ]
    (data,) = [data for event, data in await told(core, org) if event == "workflow.completed"]
    assert data.items() >= {"name": "w", "total_jobs": 2, "completed_jobs": 2, "failed_jobs": 0}.items()
    assert data["completed_at"] == (await org.get(f"/workflows/{workflow['id']}"))["completed_at"]


async def test_two_last_steps_at_once_end_it_once(core: Core, org: Tenant) -> None:
    """Whichever counts the last step tells, whatever the order of the commits."""
    await subscribe(core, org, "workflow.completed")
    workflow = await made(org, *(step(str(n)) for n in range(8)))
    jobs = await take(org)

    await asyncio.gather(*(complete(org, job) for job in jobs.values()))

    assert await _told(core, org, workflow) == [("workflow.completed", "completed")]


async def test_a_dead_step_tells_of_all_that_falls_with_it(core: Core, org: Tenant) -> None:
    """The descendants that are cancelled, layer by layer, and the workflow that failed."""
    await subscribe(core, org, "job.deadlettered", "job.cancelled", "workflow.completed", "workflow.failed")
    workflow = await made(org, step("a"), step("b", "a"), step("c", "b"))

    await bury(org, (await take(org))["a"])

    assert sorted(await _told(core, org, workflow)) == [
        ("job.cancelled", "b"),
        ("job.cancelled", "c"),
        ("job.deadlettered", "a"),
        ("workflow.failed", "failed"),
    ]
    reasons = {data["error"] for event, data in await told(core, org) if event == "job.cancelled"}
    assert reasons == {"A job that it waits for failed or was cancelled"}


async def test_a_retry_tells_of_all_that_come_back(core: Core, org: Tenant) -> None:
    """The dead step and what was cancelled because of it; the second end is told like the first."""
    workflow = await made(org, step("a"), step("b", "a"))
    await bury(org, (await take(org))["a"])
    await subscribe(core, org, "job.retried", "workflow.completed", "workflow.failed")

    await org.post(f"/workflows/{workflow['id']}/retry")
    await bury(org, (await take(org))["a"])

    assert sorted(await _told(core, org, workflow)) == [
        ("job.retried", "a"),
        ("job.retried", "b"),
        ("workflow.failed", "failed"),
    ]


async def test_a_cancelled_workflow_tells_of_its_steps(core: Core, org: Tenant) -> None:
    """Running ones too, each once; being cancelled is neither of a workflow's events."""
    await subscribe(core, org, "job.cancelled", "workflow.completed", "workflow.failed")
    workflow = await made(org, step("a"), step("b", "a"), step("c"))
    await take(org)

    await org.post(f"/workflows/{workflow['id']}/cancel")
    await org.post(f"/workflows/{workflow['id']}/cancel")

    assert sorted(await _told(core, org, workflow)) == [(("job.cancelled"), key) for key in "abc"]


async def test_a_refused_workflow_tells_nothing(core: Core, org: Tenant) -> None:
    """What was undone was never told."""
    await subscribe(core, org)

    await made(org, step("a", "b"), step("b", "a"), status=400)

    assert await told(core, org) == []
