"""Workflows that do not go well: dead and cancelled steps, what is retried, what is called off."""

from datetime import UTC, datetime

import pytest

from shared import ids
from shared.core import Core
from shared.jobs.cancel import cancel_jobs
from tests.http.conftest import MovingClock
from tests.support.api import Tenant
from tests.support.steps import bury, complete, made, statuses, step, take


async def test_a_dead_parent_cancels_what_cannot_run_and_fails_the_workflow(org: Tenant) -> None:
    """Descendants of a dead step are cancelled, others go on, and then the workflow is failed."""
    workflow = await made(
        org, step("a"), step("b"), step("c", "a"), step("d", "c"), step("e", "a", "b", dependency_mode="any")
    )
    path = f"/workflows/{workflow['id']}"
    jobs = await take(org)
    await bury(org, jobs["a"])

    after = await statuses(org, workflow["id"])
    assert after == {
        "a": "deadletter",
        "b": "processing",
        "c": "cancelled",
        "d": "cancelled",
        "e": "scheduled",
    }
    assert (await org.get(path))["status"] == "running"
    await complete(org, jobs["b"])
    await complete(org, (await take(org))["e"])
    ended = await org.get(path)

    assert (ended["status"], ended["failed_jobs"], ended["completed_jobs"]) == ("failed", 1, 2)
    assert ended["jobs"][0]["error"] == {"type": "JobFailed", "message": "broken"}


async def test_retries_of_a_step_keep_the_workflow_going(org: Tenant, clock: MovingClock) -> None:
    """A failed attempt that will be retried cancels nothing; the last lapsed lease does."""
    workflow = await made(org, step("a", max_retries=1), step("b", "a"))
    await org.post(f"/jobs/{(await take(org))['a']['id']}/fail", {"error": "once"})
    assert (await statuses(org, workflow["id"]))["b"] == "scheduled"

    clock.advance(hours=1)
    assert "a" in await take(org)
    clock.advance(hours=1)
    assert await take(org) == {}

    assert await statuses(org, workflow["id"]) == {"a": "deadletter", "b": "cancelled"}
    assert (await org.get(f"/workflows/{workflow['id']}"))["status"] == "failed"


async def test_retry_goes_on_from_where_it_stopped(org: Tenant) -> None:
    """Retry brings back the dead step and what was cancelled because of it; done steps stay done."""
    workflow = await made(org, step("a"), step("b", "a"), step("c", "b"), step("d", "c", "a"))
    path = f"/workflows/{workflow['id']}"
    await complete(org, (await take(org))["a"], 1)
    await bury(org, (await take(org))["b"])
    assert (await org.get(path))["status"] == "failed"

    retried = await org.post(f"{path}/retry")

    assert (
        retried["status"],
        retried["completed_at"],
        retried["failed_jobs"],
        retried["completed_jobs"],
    ) == ("running", None, 0, 1)
    assert await statuses(org, workflow["id"]) == {
        "a": "completed",
        "b": "pending",
        "c": "scheduled",
        "d": "scheduled",
    }
    for key in "bcd":
        jobs = await take(org)
        assert {key} == set(jobs)
        await complete(org, jobs[key], key)
    assert jobs["d"]["parents"] == {"c": "c", "a": 1}
    assert (await org.get(path))["progress_percent"] == 100


async def test_retrying_the_dead_job_alone_revives_its_workflow(org: Tenant) -> None:
    """The retry of one dead step brings back its descendants, unless another failure stands against them."""
    workflow = await made(org, step("a"), step("b"), step("c", "a"), step("d", "a", "b"))
    jobs = await take(org)
    await bury(org, jobs["a"])
    await bury(org, jobs["b"])

    await org.post(f"/jobs/{jobs['a']['id']}/retry")
    assert await statuses(org, workflow["id"]) == {
        "a": "pending",
        "b": "deadletter",
        "c": "scheduled",
        "d": "cancelled",
    }
    await org.post(f"/jobs/{jobs['b']['id']}/retry")
    again = await take(org)
    await complete(org, again["a"])
    await complete(org, again["b"])
    for job in (await take(org)).values():
        await complete(org, job)

    assert (await org.get(f"/workflows/{workflow['id']}"))["status"] == "completed"


async def test_a_cancelled_step_fails_the_workflow_and_retry_brings_it_back(org: Tenant) -> None:
    """Cancelling a waiting step cancels what depends on it; retry restores both to wait."""
    workflow = await made(org, step("a"), step("b", "a"), step("c", "b"))
    path = f"/workflows/{workflow['id']}"
    await org.delete(f"/jobs/{workflow['job_ids'][1]['job_id']}")
    await complete(org, (await take(org))["a"])
    assert (await org.get(path))["status"] == "failed"

    await org.post(f"{path}/retry")

    assert await statuses(org, workflow["id"]) == {"a": "completed", "b": "pending", "c": "scheduled"}


async def test_parent_and_child_may_be_cancelled_in_one_batch(org: Tenant, core: Core) -> None:
    """Steps that are cancelled together end once each, whichever depends on whichever."""
    workflow = await made(org, step("a"), step("b", "a"), step("c", "b"), step("d", "c"))
    job_ids = [ids.decode("job", job["job_id"]) for job in workflow["job_ids"][:3]]
    await cancel_jobs(core, ids.decode("org", org.org_id), job_ids, "Test", datetime.now(UTC))

    ended = await org.get(f"/workflows/{workflow['id']}")

    assert (ended["status"], ended["progress"]["cancelled"]) == ("failed", 4)


async def test_a_workflow_whose_steps_first_run_after_a_retry_starts_then(
    org: Tenant, clock: MovingClock
) -> None:
    """One that failed before any step was claimed has started with the first claim after its retry."""
    workflow = await made(org, step("a"))
    path = f"/workflows/{workflow['id']}"
    await org.delete(f"/jobs/{workflow['job_ids'][0]['job_id']}")
    retried = await org.post(f"{path}/retry")
    clock.advance(seconds=5)

    claimed = (await take(org))["a"]

    assert (retried["status"], retried["started_at"]) == ("running", None)
    assert (await org.get(path))["started_at"] == claimed["started_at"]


@pytest.mark.parametrize("state", ["pending", "running", "completed", "cancelled"])
async def test_only_a_failed_workflow_can_be_retried(org: Tenant, state: str) -> None:
    """Retry in any other state is a 400 that says `failed` and changes nothing."""
    workflow = await made(org, step("a"))
    path = f"/workflows/{workflow['id']}"
    if state in {"running", "completed"}:
        jobs = await take(org)
    if state == "completed":
        await complete(org, jobs["a"])
    if state == "cancelled":
        await org.post(f"{path}/cancel")

    refused = await org.post(f"{path}/retry", status=400)

    assert "failed" in refused["message"]
    assert (await org.get(path))["status"] == state


async def test_a_workflow_whose_dead_steps_were_deleted_cannot_be_retried(org: Tenant) -> None:
    """Where nothing can come back, retry is a 400 that says why; where a dead step is left, that one does."""
    workflow = await made(org, step("a"), step("b", "a"), step("c", queue_name="others"))
    path = f"/workflows/{workflow['id']}"
    await bury(org, (await take(org))["a"])
    await bury(org, (await take(org, "others"))["c"])
    await org.post("/jobs/dlq/purge", {"queue_name": "steps", "confirm": True})
    retried = await org.post(f"{path}/retry")
    await bury(org, (await take(org, "others"))["c"])
    await org.post("/jobs/dlq/purge", {"queue_name": "others", "confirm": True})

    refused = await org.post(f"{path}/retry", status=400)

    assert retried["status"] == "running"
    assert "failed" in refused["message"]
    assert "deleted" in refused["message"]
    assert await statuses(org, workflow["id"]) == {"b": "cancelled"}
    assert (await org.get(path))["status"] == "failed"


async def test_a_workflow_whose_steps_wait_for_a_dead_job_elsewhere_cannot_be_retried(org: Tenant) -> None:
    """The refusal says that the job is outside; once that job is retried, the step waits for it again."""
    workflow, outside = await made(org, step("a")), await org.push("elsewhere")
    path = f"/workflows/{workflow['id']}"
    child = workflow["job_ids"][0]["job_id"]
    await org.post(f"/jobs/{child}/dependencies", {"depends_on": [outside["id"]]})
    await bury(org, await org.dequeue("elsewhere"))

    refused = await org.post(f"{path}/retry", status=400)
    await org.post(f"/jobs/{outside['id']}/retry")

    assert "failed" in refused["message"]
    assert "outside" in refused["message"]
    assert await statuses(org, workflow["id"]) == {"a": "scheduled"}


async def test_cancel_revokes_running_leases(org: Tenant) -> None:
    """Cancel ends what is unfinished; a running step's complete is then 409; to repeat it is harmless."""
    workflow = await made(org, step("a"), step("b"), step("c", "b"))
    path = f"/workflows/{workflow['id']}"
    jobs = await take(org)
    await complete(org, jobs["a"])

    cancelled = await org.post(f"{path}/cancel")
    refused = await complete(org, jobs["b"], status=409)
    again = await org.post(f"{path}/cancel")

    assert cancelled == again
    assert (cancelled["status"], refused["message"]) == ("cancelled", "Job is already cancelled")
    assert await statuses(org, workflow["id"]) == {"a": "completed", "b": "cancelled", "c": "cancelled"}
    assert await take(org) == {}


async def test_a_completed_workflow_cannot_be_cancelled(org: Tenant) -> None:
    """Cancel of a workflow that ended by itself is 409."""
    workflow = await made(org, step("a"))
    await complete(org, (await take(org))["a"])

    refused = await org.post(f"/workflows/{workflow['id']}/cancel", status=409)

    assert "completed" in refused["message"]


async def test_a_failure_handler_runs_only_after_a_failure(org: Tenant) -> None:
    """`failure` waits for a dead parent, `completion` for any end; a handler not needed fails nothing."""
    steps = (
        step("a"),
        step("rescue", "a", dependency_type="failure"),
        step("notify", "rescue"),
        step("cleanup", "a", dependency_type="completion"),
    )
    good = await made(org, *steps)
    await complete(org, (await take(org))["a"])
    ready = await take(org)
    assert {"cleanup"} == set(ready)
    await complete(org, ready["cleanup"])
    done = await org.get(f"/workflows/{good['id']}")
    assert (done["status"], done["progress_percent"], done["progress"]["cancelled"]) == ("completed", 100, 2)

    bad = await made(org, *steps)
    await bury(org, (await take(org))["a"])
    ready = await take(org)
    assert {"cleanup", "rescue"} == set(ready)
    await complete(org, ready["cleanup"])
    await complete(org, ready["rescue"])
    await complete(org, (await take(org))["notify"])
    assert (await org.get(f"/workflows/{bad['id']}"))["status"] == "failed"
