"""Parents that end at the same moment, on connections of their own."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from shared import ids
from shared.core import Core
from shared.jobs.refusal import Hold
from shared.jobs.settle import Completion, completing
from shared.store import Query
from shared.tenants.caller import Caller
from tests.support.api import Tenant
from tests.support.steps import bury, complete, made, statuses, step, take
from tests.support.until import until

BLOCKED = Query(
    "blocked",
    "SELECT count(*) AS count FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'",
    hot=False,
)


async def test_parents_that_end_at_once_free_their_child_exactly_once(org: Tenant) -> None:
    """Whichever parent ends last frees an `all` child, in every round, and the workflow completes."""
    for _ in range(40):
        parents = [step(key) for key in "abcd"]
        any_child = step("any", *"abcd", dependency_mode="any")
        workflow = await made(org, *parents, step("all", *"abcd"), any_child, step("end", "all", "any"))
        jobs = await take(org)
        await asyncio.gather(*[complete(org, job) for job in jobs.values()])
        children = await take(org)
        assert set(children) == {"all", "any"}
        await asyncio.gather(*[complete(org, job) for job in children.values()])
        await complete(org, (await take(org))["end"])

        done = await org.get(f"/workflows/{workflow['id']}")
        assert (done["status"], done["progress_percent"]) == ("completed", 100)


async def test_success_and_failure_at_once_agree(org: Tenant) -> None:
    """A child of a parent that completes and one that dies is cancelled with `all` and ready with `any`."""
    for turn in range(30):
        workflow = await made(
            org,
            step("a"),
            step("b"),
            step("all", "a", "b"),
            step("below", "all"),
            step("any", "a", "b", dependency_mode="any"),
        )
        jobs = await take(org)
        ends = [complete(org, jobs["a"]), bury(org, jobs["b"])]
        await asyncio.gather(*ends[:: 1 if turn % 2 else -1])

        now = await statuses(org, workflow["id"])
        assert (now["all"], now["below"], now["any"]) == ("cancelled", "cancelled", "pending")
        await complete(org, (await take(org))["any"])
        assert (await org.get(f"/workflows/{workflow['id']}"))["status"] == "failed"


async def test_the_second_parent_waits_for_the_commit_of_the_first(org: Tenant, core: Core) -> None:
    """A complete beside an uncommitted one counts that once it commits, and frees the child."""
    workflow = await made(org, step("a"), step("b"), step("c", "a", "b"))
    jobs = await take(org)
    caller = Caller(ids.decode("org", org.org_id), 1)
    hold = Hold(ids.decode("job", jobs["a"]["id"]))
    first = completing(caller, None, [Completion(hold)], datetime.now(UTC)).statement
    async with core.store.transaction(caller.scope) as transaction:
        await transaction.fetch(first.query, **first.parameters)
        second = asyncio.create_task(complete(org, jobs["b"]))

        async def is_blocked() -> bool:
            row = await transaction.fetch_one(BLOCKED)
            return bool(row and row["count"])

        await until(is_blocked)
        assert not second.done()
    await second

    assert (await statuses(org, workflow["id"]))["c"] == "pending"
    await complete(org, (await take(org))["c"])
    assert (await org.get(f"/workflows/{workflow['id']}"))["status"] == "completed"


async def test_cancel_races_with_the_steps(org: Tenant) -> None:
    """However cancel and completes fall together, no step is left behind and the counts add up."""
    for _ in range(20):
        steps = [step("s"), *[step(f"m{n}", "s") for n in range(4)], step("e", *[f"m{n}" for n in range(4)])]
        workflow = await made(org, *steps)
        await complete(org, (await take(org))["s"])
        running = await take(org)
        path = f"/workflows/{workflow['id']}"
        settles: list[Any] = [
            org.raw("POST", f"/jobs/{job['id']}/complete", json={"lease_id": job["lease_id"]})
            for job in running.values()
        ]
        *settled, cancelled = await asyncio.gather(*settles, org.raw("POST", f"{path}/cancel"))

        assert cancelled.status_code == 200
        assert {answer.status_code for answer in settled} <= {200, 409}
        ended = await org.get(path)
        done = sum(answer.status_code == 200 for answer in settled) + 1
        assert (ended["status"], ended["completed_jobs"]) == ("cancelled", done)
        assert ended["progress"]["pending"] == ended["progress"]["processing"] == 0
        assert await take(org) == {}


async def test_opposite_dependencies_added_at_once_make_no_cycle(org: Tenant) -> None:
    """Of two requests that are each without a cycle but not together, one is refused."""
    for _ in range(20):
        first, second = (await org.push("ring"))["id"], (await org.push("ring"))["id"]
        answers = await asyncio.gather(
            org.raw("POST", f"/jobs/{first}/dependencies", json={"depends_on": [second]}),
            org.raw("POST", f"/jobs/{second}/dependencies", json={"depends_on": [first]}),
        )

        assert sorted(answer.status_code for answer in answers) == [200, 400]


async def test_a_dependency_added_while_the_parent_ends_is_never_lost(org: Tenant) -> None:
    """Whoever comes first, the child can run in the end."""
    for _ in range(30):
        parent, child = await org.push("p"), await org.push("c")
        taken = await org.dequeue("p")
        await asyncio.gather(
            complete(org, taken),
            org.post(f"/jobs/{child['id']}/dependencies", {"depends_on": [parent["id"]]}),
        )

        assert (await org.dequeue("c"))["id"] == child["id"]
