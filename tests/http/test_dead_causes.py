"""Dead letters in groups by what they died of."""

from typing import Any

import psycopg
import pytest

from functions.ticks.retention import run_once as retention
from shared.core import Core
from tests.support.api import Tenant, field_of
from tests.support.clock import MovingClock

REFUSED = "connection to 10.0.0.{} refused"
DECLINED = "card {} declined"


async def bury(org: Tenant, error: str, queue: str = "emails") -> str:
    """The id of a job that died of an error."""
    job_id: str = (await org.push(queue))["id"]
    await org.dequeue(queue)
    await org.post(f"/jobs/{job_id}/fail", {"error": error, "no_retry": True})
    return job_id


async def test_dead_jobs_are_grouped_by_what_they_died_of(org: Tenant, clock: MovingClock) -> None:
    """Each group says how many, in which queues, since when, and shows one of them; the largest is first."""
    start = clock()
    declined = await bury(org, DECLINED.format(7))
    clock.advance(minutes=1)
    first = await bury(org, REFUSED.format(1))
    clock.advance(minutes=1)
    await bury(org, REFUSED.format(2), "other")
    last = await bury(org, REFUSED.format(3))

    refused_group, declined_group = await org.get("/jobs/dlq/causes")

    assert refused_group == refused_group | {
        "cause": "connection to * refused",
        "count": 3,
        "queues": ["emails", "other"],
        "example_job_id": last,
        "sample_error": REFUSED.format(3),
        "first_seen": (await org.job(first))["completed_at"],
        "last_seen": (await org.job(last))["completed_at"],
    }
    assert (declined_group["count"], declined_group["example_job_id"]) == (1, declined)
    since = {"since": (start.replace(microsecond=0)).isoformat()}
    assert [group["count"] for group in await org.get("/jobs/dlq/causes", since)] == [3, 1]
    since = {"since": (await org.job(first))["completed_at"]}
    assert [group["count"] for group in await org.get("/jobs/dlq/causes", since)] == [3]
    assert [group["count"] for group in await org.get("/jobs/dlq/causes", {"queue": "other"})] == [1]


async def test_jobs_of_a_cause_are_listed(org: Tenant) -> None:
    """The id of a group is a filter of both lists; together with a status that has none it is refused."""
    dead = [await bury(org, DECLINED.format(number)) for number in range(2)]
    await bury(org, REFUSED.format(1))
    cause = (await org.get("/jobs/dlq/causes"))[0]["id"]

    for path in ("/jobs", "/jobs/dlq"):
        assert [job["id"] for job in await org.get(path, {"cause": cause})] == dead[::-1]
        assert await org.get(path, {"cause": "cause_none"}) == []
    assert field_of(await org.get("/jobs", {"cause": cause, "status": "pending"}, 400)) == "cause"


async def test_a_job_that_is_retried_leaves_its_group(org: Tenant) -> None:
    """Groups are of what is dead now; a lapsed lease is a cause as well."""
    dead = await bury(org, DECLINED.format(1))
    (group,) = await org.get("/jobs/dlq/causes")
    await org.post(f"/jobs/{dead}/retry")

    assert group["count"] == 1
    assert await org.get("/jobs/dlq/causes") == []


async def test_groups_come_in_pages(org: Tenant) -> None:
    """A page says whether more groups follow."""
    for error in ("one", "two", "three"):
        await bury(org, error)
    first = await org.raw("GET", "/jobs/dlq/causes", params={"limit": 2})
    second = await org.raw("GET", "/jobs/dlq/causes", params={"limit": 2, "offset": 2})

    assert [answer.headers["x-has-more"] for answer in (first, second)] == ["true", "false"]
    assert {group["cause"] for answer in (first, second) for group in answer.json()} == {
        "one",
        "two",
        "three",
    }


async def test_others_see_nothing_of_it(org: Tenant, other_org: Tenant) -> None:
    """A key that is held to queues sees the groups of these, another organization none."""
    await bury(org, "broken")
    narrow = await org.with_key(queues=["other", "more"])

    assert await narrow.get("/jobs/dlq/causes") == []
    assert await other_org.get("/jobs/dlq/causes") == []


@pytest.mark.parametrize("params", [{"since": "yesterday"}, {"limit": -1}, {"offset": -1}], ids=str)
async def test_a_filter_of_groups_that_means_nothing_is_refused(org: Tenant, params: dict[str, Any]) -> None:
    """A broken parameter is an error that names it."""
    answer = await org.raw("GET", "/jobs/dlq/causes", params=params)

    assert answer.status_code in {400, 422}
    assert field_of(answer.json()) == next(iter(params))


async def test_what_died_before_there_were_causes_gets_one(
    org: Tenant, core: Core, clock: MovingClock
) -> None:
    """A dead job without a cause is shown in a group without an id, until the timer has given it one."""
    dead = await bury(org, DECLINED.format(1))
    async with await psycopg.AsyncConnection.connect(core.settings.database_url) as owner:
        await owner.execute("SET ROLE spooled_system")
        await owner.execute("UPDATE job_archive SET cause = NULL")
    (before,) = await org.get("/jobs/dlq/causes")

    counts = await retention.run_once(core, clock(), 10.0)

    (after,) = await org.get("/jobs/dlq/causes")
    assert (before["id"], before["count"], before["cause"]) == (None, 1, "card * declined")
    assert counts["causes"] >= 1
    assert [job["id"] for job in await org.get("/jobs", {"cause": after["id"]})] == [dead]
