"""Dependencies of single jobs: what a job waits for, and adding to it."""

from itertools import pairwise

import pytest

from tests.support.api import Tenant
from tests.support.steps import bury, complete, made, statuses, step, take


async def chained(org: Tenant, count: int) -> list[str]:
    """Jobs that each wait for the one before."""
    ids = [(await org.push("chain"))["id"] for _ in range(count)]
    for parent, child in pairwise(ids):
        await org.post(f"/jobs/{child}/dependencies", {"depends_on": [parent]})
    return ids


async def test_a_pending_job_waits_for_the_parents_it_is_given(org: Tenant) -> None:
    """A job with an added parent is not claimed before that parent is done, and both know of each other."""
    parent, child = await org.push("a"), await org.push("b")

    added = await org.post(f"/jobs/{child['id']}/dependencies", {"depends_on": [parent["id"]]})
    assert (added["added"], added["added_count"], added["dependencies_added"]) == (1, 1, 1)
    assert (added["dependencies_met"], added["status"], added["dependency_mode"]) == (
        False,
        "scheduled",
        "all",
    )
    assert await org.dequeue("b") is None
    below = await org.get(f"/jobs/{parent['id']}/dependencies")
    await complete(org, await org.dequeue("a"))
    above = await org.get(f"/jobs/{child['id']}/dependencies")

    assert [(each["job_id"], each["queue_name"], each["status"]) for each in below["dependents"]] == [
        (child["id"], "b", "scheduled")
    ]
    assert (above["status"], above["dependencies_met"]) == ("pending", True)
    assert above["dependencies"] == [
        {
            "job_id": parent["id"],
            "queue_name": "a",
            "queue": "a",
            "status": "completed",
            "completed": True,
            "dependency_type": "success",
        }
    ]
    assert (await org.dequeue("b"))["id"] == child["id"]


@pytest.mark.parametrize("field", ["depends_on", "dependency_job_ids", "depends_on_job_ids"])
async def test_the_body_has_three_names(org: Tenant, field: str) -> None:
    """Each client's name for the parents is taken; a parent that is there already is not counted again."""
    parent, child = await org.push(), await org.push()
    path = f"/jobs/{child['id']}/dependencies"

    first = await org.post(path, {field: [parent["id"], parent["id"]]})
    second = await org.post(path, {field: [parent["id"]]})

    assert (first["added"], second["added"]) == (1, 0)


async def test_any_waits_for_the_first(org: Tenant) -> None:
    """With mode `any` one parent is enough, also one that is done already."""
    first, second, child = [await org.push(queue) for queue in ("a", "b", "c")]
    path = f"/jobs/{child['id']}/dependencies"
    await org.post(path, {"depends_on": [first["id"], second["id"]], "dependency_mode": "any"})
    await complete(org, await org.dequeue("b"))
    late = await org.push("d")
    met = await org.post(f"/jobs/{late['id']}/dependencies", {"depends_on": [second["id"]]})

    assert (await org.dequeue("c"))["id"] == child["id"]
    assert (met["status"], met["dependencies_met"]) == ("pending", True)


@pytest.mark.parametrize("length", [1, 2, 5])
async def test_a_cycle_is_refused(org: Tenant, length: int) -> None:
    """A job cannot wait for itself or for what waits for it, and the refusal names the offender."""
    jobs = await chained(org, length)

    refused = await org.post(f"/jobs/{jobs[0]}/dependencies", {"depends_on": [jobs[-1]]}, 400)

    assert refused["details"][0]["code"] == "cycle"
    assert jobs[-1] in refused["message"] or length == 1
    assert (await org.get(f"/jobs/{jobs[0]}/dependencies"))["dependencies"] == []


async def test_a_dead_parent_cancels_the_whole_chain(org: Tenant) -> None:
    """Jobs outside of workflows follow the same rules; the retry of the dead one brings them back."""
    jobs = await chained(org, 3)
    await bury(org, await org.dequeue("chain"))
    assert [(await org.job(job_id))["status"] for job_id in jobs] == ["deadletter", "cancelled", "cancelled"]

    await org.post(f"/jobs/{jobs[0]}/retry")

    for job_id in jobs:
        taken = await org.dequeue("chain")
        assert taken["id"] == job_id
        await complete(org, taken)


async def test_what_cannot_be_added(org: Tenant, other_org: Tenant) -> None:
    """A started job takes no parents, an unknown one is 404, a dead one would never let the job run."""
    running, child = await org.push("a"), await org.push("b")
    await org.dequeue("a")
    dead, foreign = await org.bury("c"), await other_org.push()
    path = f"/jobs/{child['id']}/dependencies"

    await org.post(f"/jobs/{running['id']}/dependencies", {"depends_on": [child["id"]]}, 409)
    for unknown in (foreign["id"], "job_0000000000001", "nonsense"):
        refused = await org.post(path, {"depends_on": [unknown]}, 404)
        assert unknown in refused["message"]
    refused = await org.post(path, {"depends_on": [dead["id"]]}, 409)
    assert dead["id"] in refused["message"]
    await org.post(path, {"depends_on": []}, 400)
    await org.post(path, {}, 422)
    await other_org.get(path, status=404)
    await other_org.post(path, {"depends_on": [foreign["id"]]}, 404)

    assert (await org.job(child["id"]))["status"] == "pending"


async def test_a_step_may_wait_for_a_job_outside_of_its_workflow(org: Tenant) -> None:
    """Cancelling a workflow frees or cancels what waits for its steps elsewhere."""
    outside, cleanup = await org.push("c"), await org.push("d")
    workflow = await made(org, step("a"), step("b", "a"))
    ids = {each["key"]: each["job_id"] for each in workflow["job_ids"]}
    await org.post(f"/jobs/{outside['id']}/dependencies", {"depends_on": [ids["b"]]})
    body = {"depends_on": [ids["b"]], "dependency_type": "completion"}
    await org.post(f"/jobs/{cleanup['id']}/dependencies", body)

    await org.post(f"/workflows/{workflow['id']}/cancel")

    assert (await org.job(outside["id"]))["status"] == "cancelled"
    assert (await org.dequeue("d"))["id"] == cleanup["id"]


async def test_deleting_a_queue_cancels_what_waited_for_its_jobs(org: Tenant) -> None:
    """The jobs of a deleted queue are gone: steps elsewhere that waited for them do not wait for ever."""
    workflow = await made(org, step("a", queue_name="doomed"), step("b", "a"), step("c"))

    await org.call("DELETE", "/queues/doomed?delete_jobs=true", 204)

    assert await statuses(org, workflow["id"]) == {"b": "cancelled", "c": "pending"}
    await complete(org, (await take(org))["c"])
    assert (await org.get(f"/workflows/{workflow['id']}"))["status"] == "failed"
