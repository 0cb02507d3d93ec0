"""Schedules over HTTP: made, read, changed, paused, resumed, triggered, deleted."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.api import Tenant
from tests.support.clock import MovingClock

GUIDE = {
    "name": "daily-report",
    "queue": "reports",
    "cron_expression": "0 9 * * *",
    "payload": {"type": "generate_daily_report"},
    "timezone": "America/New_York",
}
CLIENT = {
    "name": "sync",
    "queue_name": "syncs",
    "cron_expression": "0 */5 * * * *",
    "payload_template": {"n": 1},
}
WINTER = datetime(2027, 1, 15, 12, 0, tzinfo=UTC)


async def test_the_guides_schedule_is_made_with_the_guides_key(org: Tenant, clock: MovingClock) -> None:
    """A key with the guide's three permissions makes a schedule for 9 in the morning in New York."""
    clock.move_to(WINTER)
    worker = await org.with_key(permissions=["jobs:read", "jobs:write", "queues:read"])

    made = await worker.post("/schedules", GUIDE, 201)

    assert made["id"].startswith("sched_")
    assert (made["queue"], made["queue_name"]) == ("reports", "reports")
    assert made["payload"] == made["payload_template"] == {"type": "generate_daily_report"}
    assert made["next_run_at"] == "2027-01-15T14:00:00Z"
    assert (made["is_active"], made["run_count"], made["last_run_at"]) == (True, 0, None)
    assert (made["priority"], made["max_retries"], made["timeout_seconds"]) == (0, 3, 300)
    assert made == await org.get(f"/schedules/{made['id']}")
    assert [made] == await org.get("/schedules")


async def test_the_clients_dialect_is_understood_too(org: Tenant) -> None:
    """Six fields, `queue_name` and `payload_template`, with everything a client may send, come back."""
    extras = {
        "description": "every five minutes",
        "priority": 7,
        "max_retries": 0,
        "timeout_seconds": 60,
        "tags": ["a"],
        "metadata": ["ops", 1],
        "misfire_policy": "all",
        "misfire_limit": 5,
    }
    made = await org.post("/schedules", CLIENT | extras, 201)

    assert extras == {name: made[name] for name in extras}
    assert (made["cron_expression"], made["timezone"]) == ("0 */5 * * * *", "UTC")


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"cron_expression": "61 * * * *"}, 400, "cron_expression"),
        ({"cron_expression": "0 0 30 2 *"}, 400, "cron_expression"),
        ({"cron_expression": ""}, 400, "cron_expression"),
        ({"timezone": "Mars/Olympus"}, 400, "timezone"),
        ({"name": ""}, 400, "name"),
        ({"name": "n" * 256}, 400, "name"),
        ({"queue": ""}, 400, "queue_name"),
        ({"misfire_policy": "never"}, 400, "misfire_policy"),
        ({"misfire_limit": 101}, 400, "misfire_limit"),
        ({"payload": None}, 422, "payload_template"),
        ({"queue": None}, 422, "queue_name"),
        ({"cron_expression": 5}, 422, "cron_expression"),
        ({"name": None}, 422, "name"),
    ],
)
async def test_a_broken_rule_names_its_field(
    org: Tenant, change: dict[str, Any], status: int, field: str
) -> None:
    """A bad cron, zone, name or queue is 400, a missing or mistyped field 422, and the answer says which."""
    refused = await org.post("/schedules", GUIDE | change, status)

    assert [field] == [detail["field"] for detail in refused["details"]]
    assert await org.get("/schedules") == []


async def test_a_payload_above_the_ceiling_of_the_plan_is_refused(org: Tenant) -> None:
    """A schedule that could never make its job is not made, and not changed into one."""
    made = await org.post("/schedules", GUIDE, 201)
    large = {"payload": "x" * 5_300_000}

    await org.post("/schedules", GUIDE | large, 413)
    await org.put(f"/schedules/{made['id']}", large, 413)

    assert await org.get("/schedules") == [made]


async def test_two_spellings_that_differ_are_refused(org: Tenant) -> None:
    """`queue` and `queue_name` are one field: different values are a mistake of the caller's."""
    refused = await org.post("/schedules", GUIDE | {"queue_name": "others"}, 400)

    assert "queue" in refused["message"]


async def test_a_change_of_the_cron_or_the_zone_plans_the_next_run_anew(
    org: Tenant, clock: MovingClock
) -> None:
    """PUT changes what it names and nothing else; the next run follows the cron and its zone."""
    clock.move_to(WINTER)
    made = await org.post("/schedules", GUIDE, 201)
    path = f"/schedules/{made['id']}"

    other_cron = await org.put(path, {"cron_expression": "0 10 * * *", "queue_name": "elsewhere"})
    other_zone = await org.put(path, {"timezone": "Europe/Berlin", "description": None})
    other_payload = await org.put(path, {"payload": [1], "name": "renamed", "priority": -5})

    assert (other_cron["next_run_at"], other_cron["queue"]) == ("2027-01-15T15:00:00Z", "reports")
    assert other_zone["next_run_at"] == "2027-01-16T09:00:00Z"
    assert (other_payload["payload"], other_payload["name"], other_payload["priority"]) == (
        [1],
        "renamed",
        -5,
    )
    assert other_payload["next_run_at"] == "2027-01-16T09:00:00Z"
    for change, field in (
        ({"cron_expression": "* *"}, "cron_expression"),
        ({"timezone": "Nowhere"}, "timezone"),
    ):
        refused = await org.put(path, change, 400)
        assert [field] == [detail["field"] for detail in refused["details"]]
    assert other_payload == await org.get(path)


async def test_a_paused_schedule_has_no_next_run_until_it_is_resumed(org: Tenant, clock: MovingClock) -> None:
    """Resume plans from now, and what the pause skipped stays skipped; both may be repeated."""
    clock.move_to(WINTER)
    made = await org.post("/schedules", GUIDE, 201)
    path = f"/schedules/{made['id']}"

    paused = [await org.post(f"{path}/pause") for _ in range(2)][1]
    clock.advance(days=3)
    resumed = [await org.post(f"{path}/resume") for _ in range(2)][1]
    stopped = await org.put(path, {"is_active": False})

    assert (paused["is_active"], paused["next_run_at"]) == (False, None)
    assert (resumed["is_active"], resumed["next_run_at"]) == (True, "2027-01-18T14:00:00Z")
    assert (stopped["is_active"], stopped["next_run_at"]) == (False, None)
    assert [stopped] == await org.get("/schedules", {"is_active": "false"})
    assert await org.get("/schedules", {"is_active": "true"}) == []


async def test_a_trigger_makes_the_job_at_once(org: Tenant) -> None:
    """A triggered run, also of a paused schedule, counts and leaves the plan as it is."""
    made = await org.post("/schedules", GUIDE | {"priority": 3, "tags": {"a": 1}, "max_retries": 1}, 201)
    path = f"/schedules/{made['id']}"

    triggered = await org.post(f"{path}/trigger")
    await org.post(f"{path}/pause")
    again = await org.post(f"{path}/trigger")
    job = await org.job(triggered["job_id"])
    after = await org.get(path)

    assert (job["queue"], job["payload"], job["priority"]) == ("reports", GUIDE["payload"], 3)
    assert (job["tags"], job["max_retries"], job["timeout_seconds"]) == ({"a": 1}, 1, 300)
    assert (after["run_count"], after["last_run_at"]) == (2, again["triggered_at"])
    assert triggered["job_id"] == (await org.dequeue("reports"))["id"]


async def test_the_history_tells_what_became_of_each_job(org: Tenant) -> None:
    """The status of a run is its job's: pending, running, completed, or failed with the error."""
    made = await org.post("/schedules", GUIDE, 201)
    path = f"/schedules/{made['id']}"
    assert await org.get(f"{path}/history") == []
    jobs = [(await org.post(f"{path}/trigger"))["job_id"] for _ in range(5)]
    taken = [(await org.dequeue("reports"))["id"] for _ in range(3)]
    await org.post(f"/jobs/{taken[0]}/complete", {"result": 1})
    await org.post(f"/jobs/{taken[1]}/fail", {"error": "broken", "no_retry": True})
    await org.delete(f"/jobs/{jobs[4]}")

    history = await org.get(f"{path}/history")
    page = await org.get(f"{path}/history", {"limit": 2})

    assert jobs[::-1] == [run["job_id"] for run in history]
    assert [run["status"] for run in history] == ["failed", "pending", "running", "failed", "completed"]
    assert history[3]["error_message"] == "broken"
    assert [run["completed_at"] is not None for run in history] == [True, False, False, True, True]
    assert {made["id"]} == {run["schedule_id"] for run in history}
    assert history[:2] == page


async def test_a_deleted_schedule_is_gone_and_its_jobs_stay(org: Tenant) -> None:
    """DELETE removes the schedule with its history; a second one is 404."""
    made = await org.post("/schedules", GUIDE, 201)
    path = f"/schedules/{made['id']}"
    job = await org.post(f"{path}/trigger")

    await org.delete(path)

    await org.delete(path, 404)
    await org.get(f"{path}/history", status=404)
    assert await org.get("/schedules") == []
    assert (await org.job(job["job_id"]))["status"] == "pending"


async def test_the_list_can_be_filtered_and_paged(org: Tenant) -> None:
    """The newest comes first; `queue` and `queue_name` filter; a page too large is cut, not refused."""
    made = [await org.post("/schedules", GUIDE | {"queue": f"q{n % 2}"}, 201) for n in range(5)]
    newest_first = [schedule["id"] for schedule in made][::-1]

    async def listed(**params: Any) -> list[str]:
        return [schedule["id"] for schedule in await org.get("/schedules", params)]

    assert newest_first == await listed(limit=100_000)
    assert newest_first[1:3] == await listed(limit=2, offset=1)
    assert newest_first[1::2] == await listed(queue="q1") == await listed(queue_name="q1")


async def test_another_organizations_schedule_is_not_there(org: Tenant, other_org: Tenant) -> None:
    """Every verb on another organization's schedule answers 404 and changes nothing."""
    made = await org.post("/schedules", GUIDE, 201)
    for path in (f"/schedules/{made['id']}", "/schedules/sched_0000000000000", "/schedules/unknown"):
        await other_org.get(path, status=404)
        await other_org.put(path, {"name": "mine"}, 404)
        await other_org.delete(path, 404)
        for verb in ("pause", "resume", "trigger"):
            await other_org.post(f"{path}/{verb}", status=404)
        for view in ("history", "preview"):
            await other_org.get(f"{path}/{view}", status=404)

    assert await other_org.get("/schedules") == []
    assert made == await org.get(f"/schedules/{made['id']}")


async def test_a_key_that_is_held_to_queues_sees_only_their_schedules(org: Tenant) -> None:
    """Another queue's schedule is 404 for such a key, and making one 403."""
    made = await org.post("/schedules", GUIDE, 201)
    narrow = await org.with_key(queues=["emails"])
    own = await narrow.post("/schedules", GUIDE | {"queue": "emails"}, 201)

    await narrow.post("/schedules", GUIDE, 403)
    await narrow.post(f"/schedules/{made['id']}/trigger", status=404)
    await narrow.put(f"/schedules/{made['id']}", {"name": "mine"}, 404)
    await narrow.get(f"/schedules/{made['id']}/history", status=404)

    assert [own["id"]] == [schedule["id"] for schedule in await narrow.get("/schedules")]


async def test_a_key_needs_the_right_to_read_or_write(org: Tenant) -> None:
    """Schedules have words of their own; who may push jobs may make a schedule and trigger it."""
    made = await org.post("/schedules", GUIDE, 201)
    worker = await org.with_key(permissions=["jobs:read", "jobs:write"])
    reader = await org.with_key(permissions=["schedules:read"])
    writer = await org.with_key(permissions=["schedules:write"])
    stranger = await org.with_key(permissions=["queues:read"])

    await reader.get(f"/schedules/{made['id']}")
    await reader.post("/schedules", GUIDE, 403)
    await writer.post("/schedules", GUIDE, 201)
    await writer.get("/schedules", status=403)
    await stranger.get("/schedules", status=403)
    await worker.post("/schedules", GUIDE, 201)
    await worker.post(f"/schedules/{made['id']}/trigger")
    await worker.get("/schedules", status=403)
    await worker.post(f"/schedules/{made['id']}/pause", status=403)
    await worker.delete(f"/schedules/{made['id']}", 403)


async def test_the_next_fires_can_be_seen_beforehand(org: Tenant, clock: MovingClock) -> None:
    """A preview shows each fire in UTC and local time, across the change of the clock."""
    clock.move_to(datetime(2027, 3, 12, 20, 0, tzinfo=UTC))
    made = await org.post("/schedules", GUIDE, 201)
    expected = [
        {"run_at": "2027-03-13T14:00:00Z", "local_time": "2027-03-13T09:00:00-05:00"},
        {"run_at": "2027-03-14T13:00:00Z", "local_time": "2027-03-14T09:00:00-04:00"},
    ]

    of_schedule = await org.get(f"/schedules/{made['id']}/preview", {"count": 2})
    of_cron = await org.post(
        "/schedules/preview", {"cron_expression": "0 9 * * *", "timezone": "America/New_York", "count": 2}
    )
    cut = await org.get(f"/schedules/{made['id']}/preview", {"count": 100_000})
    refused = await org.post("/schedules/preview", {"cron_expression": "whenever"}, 400)

    assert expected == of_schedule == of_cron
    assert len(cut) == 100
    assert [detail["field"] for detail in refused["details"]] == ["cron_expression"]
