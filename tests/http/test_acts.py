"""Acts on many jobs: previewed, confirmed with a token, listed, aborted. What they do is in tests/ticks."""

import asyncio
from typing import Any

import pytest

from functions.ticks.acts import run_once as tick
from shared.core import Core
from tests.support.acts import begin, bury_many, confirm, preview
from tests.support.api import Api, Tenant, field_of
from tests.support.clock import MovingClock
from tests.support.people import fresh_email, session_of


async def test_a_preview_counts_shows_and_changes_nothing(org: Tenant) -> None:
    """It says how many of each status, which are skipped and why, and shows those that would change."""
    waiting = [(await org.push())["id"] for _ in range(3)]
    await org.push("other")
    later = await org.push(delay_seconds=60)
    await org.dequeue()

    seen = await preview(org, "cancel", queue_name="emails")

    assert seen == seen | {
        "act": "cancel",
        "filter": {"queue_name": "emails"},
        "arguments": {},
        "matched": 3,
        "matched_is_exact": True,
        "by_status": {"pending": 2, "scheduled": 1, "processing": 1},
    }
    ((skipped),) = seen["skipped"]
    assert (skipped["status"], skipped["count"]) == ("processing", 1)
    assert "running" in skipped["reason"]
    assert [job["id"] for job in seen["sample"]] == [later["id"], *waiting[:0:-1]]
    assert all("payload" not in job for job in seen["sample"])
    assert (await org.get("/jobs/stats"))["cancelled"] == 0
    assert await org.get("/jobs/acts") == []


async def test_a_status_that_an_act_is_not_about_is_skipped(org: Tenant) -> None:
    """A filter that names statuses gets just these, and hears which of them are left alone."""
    await org.bury()
    await org.push()

    seen = await preview(org, "retry", status="dead_letter,pending")

    assert seen["filter"] == {"status": "pending,deadletter"}
    assert (seen["matched"], seen["by_status"]) == (1, {"pending": 1, "deadletter": 1})
    assert [group["status"] for group in seen["skipped"]] == ["pending"]


async def test_a_confirmed_act_is_seen_by_all_who_may_read(org: Tenant, other_org: Tenant) -> None:
    """It says who began what and when, alone and in the list; another organization sees none of it."""
    await org.bury()
    act = await begin(org, "retry", queue_name="emails")

    me = (await org.get("/api-keys"))[0]
    assert act == act | {
        "act": "retry",
        "filter": {"queue_name": "emails"},
        "status": "pending",
        "matched": 1,
        "done": 0,
        "progress": 0.0,
        "error": None,
        "created_by": {"type": "api_key", "id": me["id"], "name": me["name"]},
        "finished_at": None,
    }
    assert await org.get(f"/jobs/acts/{act['id']}") == act
    assert await org.get("/jobs/acts") == await org.get("/jobs/acts", {"status": "pending"}) == [act]
    assert await org.get("/jobs/acts", {"status": "running"}) == []
    await other_org.get(f"/jobs/acts/{act['id']}", status=404)


async def test_a_token_confirmed_twice_is_one_act(org: Tenant, core: Core, clock: MovingClock) -> None:
    """Ten confirmations at once make one act; one more, after it is done and the token expired, finds it."""
    await org.bury()
    token = (await preview(org, "retry"))["token"]
    body = {"act": "retry", "filter": {}, "token": token}
    answers = await asyncio.gather(*(org.raw("POST", "/jobs/acts", json=body) for _ in range(10)))
    await tick.run_once(core, clock(), 10.0)
    clock.advance(minutes=11)
    again = await confirm(org, "retry", token, 200)

    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [202]
    assert {answer.json()["id"] for answer in answers} == {again["id"]}
    assert (again["status"], again["done"]) == ("completed", 1)


@pytest.mark.parametrize(
    ("act", "body", "rule"),
    [
        ("retry", {"queue_name": "other"}, "other_request"),
        ("retry", {}, "other_request"),
        ("delete", {"queue_name": "emails"}, "other_request"),
    ],
)
async def test_a_token_is_for_what_was_previewed(
    org: Tenant, act: str, body: dict[str, Any], rule: str
) -> None:
    """Another act or another filter needs a preview of its own, and says so."""
    token = (await preview(org, "retry", queue_name="emails"))["token"]

    refused = await confirm(org, act, token, 400, **body)

    assert (field_of(refused), refused["details"][0]["code"]) == ("token", rule)
    assert "preview" in refused["message"]


async def test_a_token_is_for_its_arguments(org: Tenant) -> None:
    """A confirmed priority is the one that was previewed."""
    token = (await preview(org, "set_priority", arguments={"priority": 5}))["token"]

    refused = await confirm(org, "set_priority", token, 400, arguments={"priority": 6})

    assert refused["details"][0]["code"] == "other_request"


async def test_a_token_is_for_whom_it_was_made(org: Tenant, other_org: Tenant) -> None:
    """Neither another key of the organization nor another organization can use it."""
    token = (await preview(org, "retry"))["token"]

    of_another_key = await confirm(await org.with_key(), "retry", token, 400)
    of_another_organization = await confirm(other_org, "retry", token, 400)

    assert of_another_key["details"][0]["code"] == "other_caller"
    assert of_another_organization["details"][0]["code"] == "invalid_token"


@pytest.mark.parametrize("spoiled", ["", "x{}", "{}.x", "é{}", "{}{}"])
async def test_a_token_that_was_changed_is_refused(org: Tenant, spoiled: str) -> None:
    """What the server did not sign confirms nothing."""
    token = (await preview(org, "retry"))["token"]

    assert (await confirm(org, "retry", spoiled.format(token, token), 400))["details"][0][
        "code"
    ] == "invalid_token"


async def test_without_a_token_or_in_time_nothing_is_confirmed(org: Tenant, clock: MovingClock) -> None:
    """No token is 422, an expired one 400; both say what to do."""
    token = (await preview(org, "retry"))["token"]
    missing = await confirm(org, "retry", None, 422)
    clock.advance(minutes=10)
    expired = await confirm(org, "retry", token, 400)

    assert (missing["details"][0]["code"], expired["details"][0]["code"]) == ("missing", "expired_token")
    assert all("/api/v1/jobs/acts/preview" in refused["message"] for refused in (missing, expired))
    assert await org.get("/jobs/acts") == []


@pytest.mark.parametrize(
    ("act", "body", "field"),
    [
        ("set_priority", {}, "arguments.priority"),
        ("move", {}, "arguments.queue_name"),
        ("move", {"queue_name": "emails", "arguments": {"queue_name": "emails"}}, "arguments.queue_name"),
        ("cancel", {"cause": "cause_1"}, "filter.cause"),
        ("retry", {"cause": "cause_1", "status": "pending"}, "cause"),
        ("retry", {"status": "lost"}, "status"),
        ("retry", {"job_ids": []}, "filter.job_ids"),
        ("set_priority", {"arguments": {"priority": 1000}}, "arguments.priority"),
    ],
    ids=str,
)
async def test_an_act_that_means_nothing_is_refused(
    org: Tenant, act: str, body: dict[str, Any], field: str
) -> None:
    """A preview names the field that is missing or wrong."""
    assert field_of(await preview(org, act, 400, **body)) == field


@pytest.mark.parametrize(
    ("act", "right"),
    [
        ("retry", "jobs:write"),
        ("set_priority", "jobs:write"),
        ("move", "jobs:write"),
        ("cancel", "jobs:delete"),
        ("delete", "jobs:delete"),
    ],
)
async def test_an_act_takes_the_right_of_the_single_act(org: Tenant, act: str, right: str) -> None:
    """Preview and confirmation take the right; without `jobs:read` no job is shown."""
    await org.push("x")
    await org.bury()
    arguments = {"arguments": {"priority": 1, "queue_name": "new"}}
    able = await org.with_key(permissions=[right])
    unable = await org.with_key(permissions=sorted({"jobs:write", "jobs:delete", "jobs:read"} - {right}))
    seen = await preview(able, act, **arguments)

    assert (seen["matched"], seen["sample"]) == (1, [])
    await preview(unable, act, 403, **arguments)
    await confirm(unable, act, seen["token"], 403, **arguments)
    await confirm(able, act, seen["token"], **arguments)


async def test_a_key_held_to_queues_acts_within_them(org: Tenant) -> None:
    """It finds the jobs of its queues alone, moves to these alone, and sees its own acts."""
    for queue in ("emails", "other"):
        await org.push(queue)
    narrow = await org.with_key(queues=["emails", "more"])
    theirs = await begin(org, "cancel", queue_name="other")

    assert (await preview(narrow, "cancel"))["matched"] == 1
    await preview(narrow, "cancel", 403, queue_name="other")
    await preview(narrow, "move", 403, arguments={"queue_name": "other"})
    own = await begin(narrow, "move", queue_name="emails", arguments={"queue_name": "more"})
    assert await narrow.get("/jobs/acts") == [own]
    await narrow.get(f"/jobs/acts/{theirs['id']}", status=404)
    await narrow.post(f"/jobs/acts/{theirs['id']}/abort", status=404)
    assert [act["id"] for act in await org.get("/jobs/acts")] == [own["id"], theirs["id"]]


async def test_acts_come_in_pages(org: Tenant) -> None:
    """The newest come first, and a page says whether more follow."""
    acts = [(await begin(org, "retry"))["id"] for _ in range(3)]
    pages = [await org.raw("GET", "/jobs/acts", params={"limit": 2, "offset": offset}) for offset in (0, 2)]

    assert [act["id"] for page in pages for act in page.json()] == acts[::-1]
    assert [page.headers["x-has-more"] for page in pages] == ["true", "false"]


async def test_an_aborted_act_does_nothing_more(org: Tenant, core: Core, clock: MovingClock) -> None:
    """Once an abort is answered no job is touched; to abort again is no error, one that is done is 409."""
    await org.bury()
    act = await begin(org, "retry")

    aborted = await org.post(f"/jobs/acts/{act['id']}/abort")
    await tick.run_once(core, clock(), 10.0)

    assert aborted["status"] == "aborted"
    assert await org.post(f"/jobs/acts/{act['id']}/abort") == aborted
    assert (await org.get("/jobs/stats"))["deadletter"] == 1
    done = await begin(org, "retry")
    await tick.run_once(core, clock(), 10.0)
    assert "completed" in (await org.post(f"/jobs/acts/{done['id']}/abort", status=409))["message"]
    await org.post("/jobs/acts/act_0/abort", status=404)


async def test_of_very_many_a_preview_says_at_least(
    org: Tenant, core: Core, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counting ends at the cap; the act itself counts them before it begins."""
    monkeypatch.setattr("shared.jobs.acts.manage.COUNTED", 5)
    await bury_many(core, org, {"broken {}": 7})

    act = await begin(org, "delete")
    await tick.run_once(core, clock(), 10.0)

    done = await org.get(f"/jobs/acts/{act['id']}")
    assert (act["matched"], act["matched_is_exact"]) == (5, False)
    assert (done["matched"], done["matched_is_exact"], done["done"]) == (7, True, 7)


async def test_a_person_who_began_an_act_is_named(
    org: Tenant, clock: MovingClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A person stands there by their address, for those who may read the members, and by an id for others."""
    email = fresh_email()
    await org.post(f"/organizations/{org.org_id}/members", {"email": email, "role": "admin"}, 201)
    clock.advance(minutes=1)
    person = await session_of(Api(org.client), email, caplog)
    act = await begin(person, "retry")

    assert (act["created_by"]["type"], act["created_by"]["name"]) == ("user", email)
    narrow = await org.with_key(permissions=["jobs:read"])
    assert [act["created_by"]["name"] for act in await narrow.get("/jobs/acts")] == [None]
