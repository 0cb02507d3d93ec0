"""What is charged to a plan and what is not: repeats, bulks, downgrades, retries, fires, and races."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest

from functions.ticks.schedules import run_once
from shared import ids
from shared.core import Core
from shared.limits.figures import LIMIT_OF
from tests.support.api import Tenant
from tests.support.clock import MovingClock
from tests.support.limits import (
    SCHEDULE,
    assert_refused,
    new_key,
    new_schedule,
    new_worker,
    new_workflow,
    push,
    put_on,
    retry,
    retry_dead,
    used,
)

Make = Callable[[Tenant], Awaitable[httpx.Response]]


@pytest.mark.parametrize("resource", ["active_jobs", "jobs_today"])
async def test_parallel_creates_stop_exactly_at_the_limit(core: Core, org: Tenant, resource: str) -> None:
    """Fifty creates at once against room for ten make ten jobs."""
    await put_on(core, org, "pro", **{LIMIT_OF[resource]: 10})

    answers = await asyncio.gather(*[push(org) for _ in range(50)])

    assert sorted(answer.status_code for answer in answers) == [201] * 10 + [429] * 40
    for answer in answers:
        if answer.status_code == 429:
            assert_refused(answer, resource, 10, 10, "pro")
    assert await used(org, resource) == len(await org.get("/jobs")) == 10


async def test_parallel_bulks_of_many_queues_stop_at_the_limit(core: Core, org: Tenant) -> None:
    """Bulk requests are whole or not at all, whichever of two limits they meet, and never above one."""
    await put_on(core, org, "pro", max_active_jobs=20, max_queues=3)
    bodies = [{"queue": f"queue{n % 5}", "jobs": [{"payload": 1}] * 3} for n in range(20)]

    answers = await asyncio.gather(*[org.raw("POST", "/jobs/bulk", json=body) for body in bodies])
    succeeded = [answer for answer in answers if answer.status_code == 200]

    assert {answer.status_code for answer in answers} == {200, 429}
    assert len(succeeded) == 6
    assert await used(org, "active_jobs") == 18
    assert await used(org, "queues") <= 3


@pytest.mark.parametrize(
    ("resource", "make"),
    [
        ("queues", None),
        ("workers", new_worker),
        ("api_keys", new_key),
        ("schedules", new_schedule),
        ("workflows", new_workflow),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_parallel_makers_of_other_things_stop_exactly_at_the_limit(
    core: Core, org: Tenant, resource: str, make: Make | None
) -> None:
    """Ten at once against room for three make three."""
    limit = await used(org, resource) + 3
    await put_on(core, org, "pro", **{LIMIT_OF[resource]: limit})

    answers = await asyncio.gather(
        *[
            make(org) if make else org.raw("POST", "/queues", json={"queue_name": f"queue{n}"})
            for n in range(10)
        ]
    )

    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [429] * 7
    assert await used(org, resource) == limit


async def test_a_repeat_with_an_idempotency_key_is_not_charged(core: Core, org: Tenant) -> None:
    """At a full limit a known key still answers 200, alone and in bulk, and takes no place of the day."""
    await put_on(core, org, "free", max_active_jobs=1, max_jobs_per_day=1)
    first = await org.push(idempotency_key="once")
    repeat = await org.push(idempotency_key="once", status=200)
    bulk = {"queue": "emails", "jobs": [{"payload": 1, "idempotency_key": "once"}] * 2}
    repeats = await org.post("/jobs/bulk", bulk)

    assert (repeat["id"], repeats["failure_count"]) == (first["id"], 0)
    assert (await used(org, "jobs_today"), await used(org, "active_jobs")) == (1, 1)
    await org.push(idempotency_key="twice", status=429)
    assert await used(org, "jobs_today") == 1


async def test_a_refused_key_is_free_for_the_next_try(core: Core, org: Tenant) -> None:
    """A refusal leaves nothing behind: neither its queue nor its idempotency key."""
    await put_on(core, org, "free", max_active_jobs=1)
    blocking = await org.push()
    await org.push("another", idempotency_key="k", status=429)
    assert [queue["queue_name"] for queue in await org.get("/queues")] == ["emails"]

    await org.delete(f"/jobs/{blocking['id']}")
    assert (await org.push("another", idempotency_key="k"))["created"] is True


async def test_a_bulk_beyond_the_limit_makes_no_job(core: Core, org: Tenant) -> None:
    """A bulk that does not fit whole is a 429 that says how many were too many."""
    await put_on(core, org, "free", max_active_jobs=5)
    await org.push()
    refused = await org.raw("POST", "/jobs/bulk", json={"queue": "emails", "jobs": [{"payload": 1}] * 5})

    assert_refused(refused, "active_jobs", 1, 5, "free")
    assert "5 more do not fit" in refused.json()["message"]
    assert await used(org, "active_jobs") == 1


async def test_what_an_organization_has_keeps_working_after_a_downgrade(core: Core, org: Tenant) -> None:
    """Above its new limits it claims, completes, configures and registers anew; only more is refused."""
    for number in range(3):
        await org.push(f"queue{number}")
    worker = {"queue_name": "queue0", "hostname": "h", "worker_id": f"w-{org.org_id}"}
    await org.post("/workers/register", worker, 201)
    await org.post("/workers/register", worker | {"worker_id": f"v-{org.org_id}"}, 201)
    keys = [await org.post("/api-keys", {"name": "k"}, 201) for _ in range(3)]
    await put_on(core, org, "free", max_active_jobs=2)

    job = await org.dequeue("queue0")
    await org.post(f"/jobs/{job['id']}/complete", {"worker_id": "w1"})
    await org.put("/queues/queue0/config", {"max_retries": 1})
    await org.post("/workers/register", worker, 201)
    await org.put(f"/api-keys/{keys[0]['id']}", {"name": "other", "is_active": True})
    await org.push("queue0", status=429)
    await org.put("/queues/fourth/config", {"max_retries": 1}, 429)


async def test_a_key_that_is_switched_on_again_takes_a_place(core: Core, org: Tenant) -> None:
    """An inactive key is not counted, and cannot come back into a full plan."""
    key = await org.post("/api-keys", {"name": "k"}, 201)
    await org.put(f"/api-keys/{key['id']}", {"is_active": False})
    await put_on(core, org, "free", max_api_keys=1)

    refused = await org.raw("PUT", f"/api-keys/{key['id']}", json={"is_active": True})
    assert_refused(refused, "api_keys", 1, 1, "free")
    await put_on(core, org, "free", max_api_keys=2)
    assert (await org.put(f"/api-keys/{key['id']}", {"is_active": True}))["is_active"] is True


async def test_custom_limits_win_over_the_plan(core: Core, org: Tenant) -> None:
    """One organization's own limit takes the place of its plan's, lower, higher or none."""
    await put_on(core, org, "enterprise", max_active_jobs=1)
    await org.push()
    assert_refused(await push(org), "active_jobs", 1, 1, "enterprise")

    await put_on(core, org, "free", max_active_jobs=None)
    for _ in range(11):
        await org.push()
    await put_on(core, org, "free", max_active_jobs=13)
    await org.push()
    assert_refused(await push(org), "active_jobs", 13, 13, "free")


async def test_the_day_is_counted_from_midnight_whatever_was_purged(
    core: Core, org: Tenant, clock: MovingClock
) -> None:
    """Ended and purged jobs stay in the day's count; the next day begins at none."""
    await put_on(core, org, "pro", max_jobs_per_day=2)
    await org.bury()
    await org.bury()
    await org.post("/jobs/dlq/purge", {"confirm": True})
    assert_refused(await push(org), "jobs_today", 2, 2, "pro")

    clock.advance(days=1)
    core.key_cache.forget(ids.decode("org", org.org_id))
    await org.push()
    assert await used(org, "jobs_today") == 1


async def test_jobs_of_an_unlimited_plan_count_once_it_is_limited(core: Core, org: Tenant) -> None:
    """Jobs made while nothing was counted, before and in between, are jobs of the day."""
    await org.push()
    await put_on(core, org, "pro", max_jobs_per_day=4)
    await org.push()
    await put_on(core, org, "enterprise")
    await org.push()
    await put_on(core, org, "pro", max_jobs_per_day=4)
    assert await used(org, "jobs_today") == 3
    await org.push()
    assert_refused(await push(org), "jobs_today", 4, 4, "pro")


async def test_a_fire_over_the_limit_is_a_failed_run_and_holds_up_nobody(
    core: Core, org: Tenant, other_org: Tenant, clock: MovingClock
) -> None:
    """Where there is room for one of two schedules one makes a job, the other says why not; others go on."""
    minutely = SCHEDULE | {"cron_expression": "* * * * *"}
    made = [(await one.post("/schedules", minutely, 201))["id"] for one in (org, org, other_org)]
    await put_on(core, org, "pro", max_active_jobs=1)

    await run_once.run_once(core, clock() + timedelta(minutes=1), 10)
    runs = [(await org.get(f"/schedules/{schedule_id}/history"))[0] for schedule_id in made[:2]]
    (others,) = await other_org.get(f"/schedules/{made[2]}/history")

    assert sorted(run["status"] for run in runs) == ["failed", "pending"]
    assert any("active_jobs limit reached (0/1)" in (run["error_message"] or "") for run in runs)
    assert others["status"] == "pending"
    assert await used(org, "active_jobs") == 1
    assert all(schedule["is_active"] for schedule in await org.get("/schedules"))


async def test_a_bulk_retry_takes_what_fits(core: Core, org: Tenant) -> None:
    """The oldest dead jobs come back as far as there is room, the others are named as skipped."""
    dead = [(await org.bury())["id"] for _ in range(4)]
    await put_on(core, org, "pro", max_active_jobs=3)
    answer = await org.post("/jobs/dlq/retry")

    assert answer == {"retried_count": 3, "retried_jobs": dead[:3], "skipped_jobs": dead[3:]}
    assert_refused(await retry_dead(org), "active_jobs", 3, 3, "pro")
    assert (await org.post("/jobs/dlq/retry", {"queue_name": "empty"}))["retried_count"] == 0


async def test_a_retry_counts_the_steps_that_come_back_with_it(core: Core, org: Tenant) -> None:
    """A dead step brings its descendants back: all of them fit or none comes back."""
    jobs = [
        {"key": "a", "queue_name": "emails", "payload": {}},
        {"key": "b", "queue_name": "emails", "payload": {}, "depends_on": ["a"]},
    ]
    await org.post("/workflows", {"name": "w", "jobs": jobs}, 201)
    await org.dequeue()
    (running,) = await org.get("/jobs", {"status": "processing"})
    await org.post(f"/jobs/{running['id']}/fail", {"error": "broken", "no_retry": True})
    await put_on(core, org, "pro", max_active_jobs=1)

    assert_refused(await retry(org), "active_jobs", 0, 1, "pro")
    assert_refused(await org.raw("POST", "/jobs/dlq/retry", json={}), "active_jobs", 0, 1, "pro")
    await put_on(core, org, "pro", max_active_jobs=2)
    assert (await retry(org)).status_code == 200


async def test_a_wrong_state_is_told_before_the_plan(core: Core, org: Tenant) -> None:
    """At a full limit a retry of a job that is not dead, and a second queue of one name, are 409."""
    job = await org.push()
    await put_on(core, org, "free", max_active_jobs=0, max_queues=0)

    await org.post(f"/jobs/{job['id']}/retry", status=409)
    await org.post("/queues", {"queue_name": "emails"}, 409)
