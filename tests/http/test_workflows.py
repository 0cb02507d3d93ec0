"""Workflows over HTTP: created whole, advanced by what their steps do, listed and shown."""

import asyncio
from typing import Any

import pytest

from tests.support.api import Tenant
from tests.support.steps import complete, made, statuses, step, take

ONBOARDING = {
    "name": "user-onboarding",
    "jobs": [
        {"name": "create-account", "queue": "users", "payload": {"step": 1}},
        {"name": "send-welcome", "queue": "emails", "payload": {"step": 2}, "depends_on": ["create-account"]},
        {
            "name": "setup-defaults",
            "queue": "users",
            "payload": {"step": 3},
            "depends_on": ["create-account"],
        },
    ],
}


async def test_the_guides_workflow_runs_to_its_end(org: Tenant) -> None:
    """The guide's request makes a workflow whose children run after their parent, then completes."""
    workflow = await org.post("/workflows", ONBOARDING, 201)
    path = f"/workflows/{workflow['workflow_id']}"
    assert [j["key"] for j in workflow["job_ids"]] == ["create-account", "send-welcome", "setup-defaults"]
    assert await org.dequeue("emails") is None
    assert (await org.get(path))["status"] == "pending"

    account = await org.dequeue("users")
    assert (account["key"], account["parents"]) == ("create-account", {})
    assert await org.dequeue("users") is None
    running = await org.get(path)
    await complete(org, account, {"id": 7})
    welcome, defaults = await org.dequeue("emails"), await org.dequeue("users")
    await complete(org, welcome)
    halfway = await org.get(path)
    await complete(org, defaults)
    done = await org.get(path)

    assert (running["status"], running["progress"]["processing"]) == ("running", 1)
    assert running["started_at"] is not None
    assert {"create-account": {"id": 7}} == welcome["parents"] == defaults["parents"]
    assert (halfway["status"], halfway["progress_percent"]) == ("running", 66.67)
    assert (done["status"], done["progress_percent"], done["completed_jobs"]) == ("completed", 100, 3)
    assert done["completed_at"] is not None
    assert done["progress"] == {
        "total": 3,
        "completed": 3,
        "failed": 0,
        "pending": 0,
        "processing": 0,
        "cancelled": 0,
    }


async def test_a_job_without_a_workflow_has_no_parents(org: Tenant) -> None:
    """What other jobs' claims answer is unchanged."""
    await org.push()

    assert not {"key", "parents"} & set(await org.dequeue())


async def test_detail_lists_and_single_job_agree(org: Tenant) -> None:
    """Each view of a workflow shows its jobs by key with what they wait for, in both dialects."""
    workflow = await org.post(
        "/workflows",
        {
            "name": "etl",
            "description": "nightly",
            "metadata": [{"big": 12345678901234567890}],
            "jobs": [
                step("extract", job_type="read", timeout_ms=1500, metadata={"team": "a"}),
                step("load", "extract", "extract", payload={"job_type": "write"}, max_retries=0, priority=5),
            ],
        },
        201,
    )
    path = f"/workflows/{workflow['id']}"

    detail = await org.get(path)
    extract, load = detail["jobs"]
    listed = await org.get("/workflows")

    assert [workflow["id"]] == [each["id"] for each in listed]
    assert [{"big": 12345678901234567890}] == detail["metadata"] == listed[0]["metadata"]
    assert (
        extract["job_type"],
        extract["timeout_seconds"],
        extract["timeout_ms"],
        extract["metadata"],
        extract["status"],
    ) == ("read", 2, 2000, {"team": "a"}, "pending")
    assert (
        load["job_type"],
        load["depends_on"],
        load["dependency_mode"],
        load["max_retries"],
        load["priority"],
        load["status"],
        load["queue"],
        load["queue_name"],
    ) == ("write", ["extract"], "all", 0, 5, "scheduled", "steps", "steps")
    assert [
        {"parent_job_id": extract["id"], "child_job_id": load["id"], "dependency_type": "success"}
    ] == detail["dependencies"]
    assert detail["jobs"] == await org.get(f"{path}/jobs")
    assert load == await org.get(f"{path}/jobs/{load['id']}")
    assert await statuses(org, workflow["id"]) == {"extract": "pending", "load": "scheduled"}
    assert ("scheduled", False, workflow["id"]) == (
        (job := await org.job(load["id"]))["status"],
        job["dependencies_met"],
        job["workflow_id"],
    )
    assert {"steps"} == {queue["queue"] for queue in detail["jobs"]}


@pytest.mark.parametrize(
    ("steps", "offender"),
    [
        ([step("a"), step("a")], "'a'"),
        ([step("a", "nobody")], "'nobody'"),
        ([step("a", "a")], "a -> a"),
        ([step("x"), step("a", "c", "x"), step("b", "a"), step("c", "b")], "a -> c -> b -> a"),
    ],
)
async def test_a_graph_that_cannot_run_is_refused(
    org: Tenant, steps: list[dict[str, Any]], offender: str
) -> None:
    """A duplicate key, an unknown one, or a cycle is a 400 that names it, and nothing is made."""
    refused = await made(org, *steps, status=400)

    assert offender in refused["message"]
    assert await org.get("/workflows") == []
    assert await org.get("/jobs") == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"name": ""}, 400),
        ({"jobs": []}, 400),
        ({"jobs": [{"key": "a", "queue": "", "payload": {}}]}, 400),
        ({"jobs": [{"key": "a", "payload": {}}]}, 422),
        ({"jobs": [{"queue": "q", "payload": {}}]}, 422),
        ({"jobs": [step("a", dependency_mode="some")]}, 400),
        ({"jobs": [step("k" * 101)]}, 400),
        ({"jobs": [{"key": "a", "name": "b", "queue": "q", "payload": {}}]}, 400),
        ({"name": "n" * 256}, 400),
        ({"jobs": [step(f"k{n}") for n in range(1001)]}, 400),
    ],
)
async def test_bad_input_says_where(org: Tenant, change: dict[str, Any], status: int) -> None:
    """A broken rule is a 400, a missing field a 422, and each names its field."""
    refused = await org.post("/workflows", {"name": "w", "jobs": [step("a")]} | change, status)

    assert refused["details"][0]["field"].startswith(next(iter(change)))


async def test_any_starts_with_the_first_parent(org: Tenant) -> None:
    """A step of mode `any` is ready once one parent is done, and sees that one's result."""
    workflow = await made(org, step("a"), step("b"), step("c", "a", "b", dependency_mode="any"))
    jobs = await take(org)
    await complete(org, jobs["b"], "from b")

    ready = await take(org)

    assert ready["c"]["parents"] == {"b": "from b"}
    await complete(org, ready["c"])
    await complete(org, jobs["a"])
    assert (await org.get(f"/workflows/{workflow['id']}"))["status"] == "completed"


async def test_a_waiting_consumer_is_woken_by_a_step_that_became_ready(org: Tenant) -> None:
    """A long poll on the child's queue gets it as soon as the parent completes."""
    await made(org, step("a"), step("b", "a", queue_name="other"))
    parent = (await take(org))["a"]
    waiting = asyncio.create_task(org.dequeue("other", wait_seconds=20))
    await asyncio.sleep(0)
    await complete(org, parent)

    assert (await asyncio.wait_for(waiting, 5))["key"] == "b"


async def test_hundreds_of_steps_are_counted_exactly(org: Tenant) -> None:
    """Fan-out and fan-in of hundreds of steps in one workflow end exactly."""
    middle = [step(f"m{n}", "start") for n in range(298)]
    keys = [each["key"] for each in middle]
    workflow = await made(org, step("start"), *middle, step("end", *keys))
    await complete(org, (await take(org))["start"])
    count = 0
    while jobs := await take(org):
        for job in jobs.values():
            await complete(org, job)
            count += 1

    done = await org.get(f"/workflows/{workflow['id']}")

    assert (count, done["status"], done["progress_percent"]) == (299, "completed", 100)


async def test_lists_filter_by_status_and_page(org: Tenant) -> None:
    """The newest workflow comes first; a status that does not exist is a 400."""
    first, second, third = [await made(org, step("a")) for _ in range(3)]
    await org.post(f"/workflows/{second['id']}/cancel")

    pending = await org.get("/workflows", {"status": "pending", "limit": 5000})
    page = await org.get("/workflows", {"limit": 1, "offset": 1})

    assert [third["id"], first["id"]] == [each["id"] for each in pending]
    assert [second["id"]] == [each["id"] for each in page]
    assert "'odd'" in (await org.get("/workflows", {"status": "odd"}, status=400))["message"]


async def test_pages_go_on_behind_the_last_one_seen(org: Tenant) -> None:
    """What is made meanwhile moves nothing into the next page, and the last page says that it is."""
    oldest, middle, newest = [await made(org, step("a")) for _ in range(3)]

    first = await org.raw("GET", "/workflows", params={"limit": 2})
    await made(org, step("a"))
    last = await org.raw("GET", "/workflows", params={"limit": 2, "after": middle["id"]})

    assert [each["id"] for each in first.json()] == [newest["id"], middle["id"]]
    assert [each["id"] for each in last.json()] == [oldest["id"]]
    assert [page.headers["x-has-more"] for page in (first, last)] == ["true", "false"]
    assert await org.get("/workflows", {"after": "wf_unknown"}) == []


async def test_the_graph_is_the_workflow_without_what_it_carries(org: Tenant) -> None:
    """Steps, what they wait for and how far each is are those of the workflow; no payload comes along."""
    workflow = await made(org, step("a"), step("b", "a"))
    whole, graph = [await org.get(f"/workflows/{workflow['id']}{suffix}") for suffix in ("", "/graph")]

    assert {name: graph[name] for name in graph if name != "steps"} == {
        name: whole[name] for name in whole if name not in {"jobs", "organization_id"}
    }
    for node, job in zip(graph["steps"], whole["jobs"], strict=True):
        same = {"id", "key", "queue_name", "job_type", "status", "attempt", "created_at"}
        assert {name: node[name] for name in same} == {name: job[name] for name in same}
        assert node.keys().isdisjoint({"payload", "result"})


async def test_another_organization_sees_nothing(org: Tenant, other_org: Tenant) -> None:
    """Every route answers 404 for a workflow of somebody else, and for an id that is none."""
    workflow = await made(org, step("a"))
    for workflow_id in (workflow["id"], "wf_unknown", "..."):
        path = f"/workflows/{workflow_id}"
        for suffix in ("", "/graph", "/jobs", "/jobs/status", f"/jobs/{workflow['job_ids'][0]['job_id']}"):
            await other_org.get(path + suffix, status=404)
        await other_org.post(f"{path}/cancel", status=404)
        await other_org.post(f"{path}/retry", status=404)

    assert await other_org.get("/workflows") == []
    assert (await org.get(f"/workflows/{workflow['id']}"))["status"] == "pending"


async def test_a_key_held_to_queues_sees_only_workflows_within_them(org: Tenant) -> None:
    """A workflow that reaches into another queue is neither shown to nor made by such a key."""
    narrow = await org.with_key(queues=["steps"])
    within = await made(narrow, step("a"))
    beyond = await made(org, step("a"), step("b", queue_name="secret"))

    await made(narrow, step("a", queue_name="secret"), status=403)

    assert [within["id"]] == [each["id"] for each in await narrow.get("/workflows")]
    await narrow.get(f"/workflows/{beyond['id']}", status=404)
    await narrow.post(f"/workflows/{beyond['id']}/cancel", status=404)
