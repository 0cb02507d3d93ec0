"""A job may name the job that it came from."""

from collections.abc import Awaitable, Callable

import pytest

from tests.support.api import Tenant, field_of

UNKNOWN = "job_01k8x5q2m4c00"


async def live(org: Tenant) -> str:
    return str((await org.push())["id"])


async def finished(org: Tenant) -> str:
    return str((await org.bury())["id"])


@pytest.mark.parametrize("parent", [live, finished])
async def test_a_parent_that_there_is_is_kept(
    org: Tenant, parent: Callable[[Tenant], Awaitable[str]]
) -> None:
    """Live or finished, the parent is shown under its id."""
    parent_id = await parent(org)
    made = await org.push("children", parent_job_id=parent_id)

    assert made["parent_job_id"] == parent_id
    assert (await org.job(made["id"]))["parent_job_id"] == parent_id


async def test_an_unknown_parent_is_404_and_makes_nothing(org: Tenant, other_org: Tenant) -> None:
    """No such id, no id at all, another organization's or one of a queue that the key may not use."""
    foreign, secret = await live(other_org), (await org.push("secret"))["id"]
    narrow = await org.with_key(queues=["children"])

    for caller, parent_id in ((org, UNKNOWN), (org, "nonsense"), (org, foreign), (narrow, secret)):
        refused = await caller.push("children", parent_job_id=parent_id, idempotency_key="taken", status=404)
        assert (refused["code"], field_of(refused)) == ("NOT_FOUND", "parent_job_id")
        assert refused["message"] == "parent_job_id: there is no such job"

    assert [queue["name"] for queue in await org.get("/queues")] == ["secret"]
    assert len(await org.get("/jobs")) == 1
    await org.push("children", idempotency_key="taken")


async def test_a_known_key_answers_with_its_job_whatever_the_parent(org: Tenant) -> None:
    """A request that is sent again gets the first job, also when the parent is not kept any more."""
    first = await org.push("children", idempotency_key="once")

    again = await org.push("children", idempotency_key="once", parent_job_id=UNKNOWN, status=200)

    assert (again["id"], again["created"]) == (first["id"], False)


async def test_an_unknown_parent_fails_its_item_of_a_batch(org: Tenant) -> None:
    """The others of a bulk request are made."""
    parent_id = await live(org)
    jobs = [
        {"payload": 1},
        {"payload": 2, "parent_job_id": UNKNOWN},
        {"payload": 3, "parent_job_id": parent_id},
    ]

    answer = await org.post("/jobs/bulk", {"queue": "children", "jobs": jobs})

    assert [item["index"] for item in answer["succeeded"]] == [0, 2]
    assert answer["failed"] == [{"index": 1, "error": "parent_job_id: there is no such job"}]
    assert (answer["total"], answer["success_count"], answer["failure_count"]) == (3, 2, 1)
    assert len(await org.get("/jobs")) == 3
