"""The timer of the schedules: every slot fires once, whatever happens."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.ticks.schedules import run_once
from shared import ids
from shared.core import Core
from shared.errors import QuotaExceededError, UnavailableError
from shared.schedules import fire
from shared.store import SYSTEM, Query
from shared.tenants.caller import Caller
from tests.support.api import Tenant
from tests.support.clock import MovingClock

NOON = datetime(2027, 6, 1, 12, 0, tzinfo=UTC)
BUDGET_SECONDS = 30.0


async def tick(core: Core, now: datetime) -> dict[str, int]:
    return await run_once.run_once(core, now, BUDGET_SECONDS)


async def new_schedule(org: Tenant, cron: str, timezone: str = "UTC", **fields: Any) -> str:
    body = {"name": "s", "queue": "reports", "cron_expression": cron, "timezone": timezone, "payload": {}}
    made = await org.post("/schedules", body | fields, 201)
    return str(made["id"])


async def be_open(org: Tenant, *, open_: bool) -> None:
    operator = {"X-Admin-Key": "admin-key-for-tests"}
    path = f"/admin/organizations/{org.org_id}"
    await org.call("PATCH", path, 200, json={"is_active": open_}, headers=operator)


async def slots_of(org: Tenant, schedule_id: str) -> list[str]:
    """The planned times of all runs, oldest first."""
    history = await org.get(f"/schedules/{schedule_id}/history", {"limit": 1000})
    return sorted(run["planned_at"] for run in history)


async def job_count(org: Tenant, queue: str = "reports") -> int:
    return len(await org.get("/jobs", {"queue": queue, "limit": 1000}))


def spelled(instants: list[datetime]) -> list[str]:
    return [instant.isoformat().replace("+00:00", "Z") for instant in instants]


@pytest.mark.parametrize(
    ("start", "cron", "expected"),
    [
        ("2027-03-12", "0 9 * * *", ["12T14:00", "13T14:00", "14T13:00", "15T13:00"]),
        # Half past two does not exist on the 14th: it fires as the clock reaches three.
        ("2027-03-12", "30 2 * * *", ["12T07:30", "13T07:30", "14T07:00", "15T06:30"]),
        ("2027-11-05", "0 9 * * *", ["05T13:00", "06T13:00", "07T14:00", "08T14:00"]),
        ("2027-11-05", "30 2 * * *", ["05T06:30", "06T06:30", "07T07:30", "08T07:30"]),
        # Half past one comes twice on the 7th: it fires the first time only.
        ("2027-11-05", "30 1 * * *", ["05T05:30", "06T05:30", "07T05:30", "08T06:30"]),
    ],
)
async def test_a_daily_job_runs_once_a_day_across_the_change_of_the_clock(
    core: Core, org: Tenant, clock: MovingClock, start: str, cron: str, expected: list[str]
) -> None:
    """With time moved through the timer, New York's day of 23 or 25 hours has one run as any other."""
    now = datetime.fromisoformat(f"{start}T05:00:00+00:00")
    clock.move_to(now)
    schedule_id = await new_schedule(org, cron, "America/New_York")

    for _ in range(4 * 48):
        now += timedelta(minutes=30)
        await tick(core, now)

    assert [f"{start[:8]}{time}:00Z" for time in expected] == await slots_of(org, schedule_id)
    assert await job_count(org) == 4


@pytest.mark.parametrize(
    ("fields", "expected_minutes"),
    [
        ({}, [60]),
        ({"misfire_policy": "last"}, [60]),
        ({"misfire_policy": "skip"}, []),
        ({"misfire_policy": "all"}, list(range(5, 61, 5))),
        ({"misfire_policy": "all", "misfire_limit": 3}, [50, 55, 60]),
    ],
)
async def test_the_policy_says_what_becomes_of_missed_slots(
    core: Core, org: Tenant, clock: MovingClock, fields: dict[str, Any], expected_minutes: list[int]
) -> None:
    """After an hour and more without a timer, `*/5` has run as its policy says, and goes on from there."""
    clock.move_to(NOON)
    schedule_id = await new_schedule(org, "*/5 * * * *", **fields)

    back = NOON + timedelta(minutes=63)
    for seconds in range(3):
        await tick(core, back + timedelta(seconds=seconds))
    schedule = await org.get(f"/schedules/{schedule_id}")

    expected = spelled([NOON + timedelta(minutes=minutes) for minutes in expected_minutes])
    assert expected == await slots_of(org, schedule_id)
    assert schedule["next_run_at"] == "2027-06-01T13:05:00Z"
    assert len(expected) == schedule["run_count"] == await job_count(org)

    await tick(core, NOON + timedelta(minutes=65, seconds=1))
    assert len(expected) + 1 == await job_count(org)


async def test_four_timers_at_once_fire_every_slot_once(core: Core, org: Tenant, clock: MovingClock) -> None:
    """Crons of seconds under four timers whose clocks differ have made exactly their slots, in order."""
    clock.move_to(NOON - timedelta(seconds=1))
    crons = {1: "* * * * * *", 7: "*/7 * * * * *", 20: "*/20 * * * * *"}
    schedules = {
        await new_schedule(org, cron, queue=f"every-{step}"): step
        for step, cron in crons.items()
        for _ in "ab"
    }

    for second in range(60):
        now = NOON + timedelta(seconds=second)
        clocks = [now - timedelta(seconds=2), now, now, now + timedelta(milliseconds=300)]
        await asyncio.gather(*(tick(core, each) for each in clocks))

    for schedule_id, step in schedules.items():
        expected = spelled([NOON + timedelta(seconds=second) for second in range(0, 60, step)])
        schedule = await org.get(f"/schedules/{schedule_id}")
        assert expected == await slots_of(org, schedule_id)
        assert len(expected) == schedule["run_count"]
        assert 2 * len(expected) == await job_count(org, f"every-{step}")


async def test_a_schedule_in_other_hands_holds_up_nobody(core: Core, org: Tenant, clock: MovingClock) -> None:
    """While another timer is at a schedule, this one passes it by and fires the rest."""
    clock.move_to(NOON)
    held = await new_schedule(org, "* * * * *", queue="held")
    await new_schedule(org, "* * * * *")
    now = NOON + timedelta(minutes=1)
    lock = {"org_id": ids.decode("org", org.org_id), "ids": [ids.decode("sched", held)], "now": now}

    async with core.store.transaction(SYSTEM) as transaction:
        assert len(await transaction.fetch(fire.QUERIES["lock_due"], **lock)) == 1
        await asyncio.wait_for(tick(core, now), BUDGET_SECONDS)
        assert (await job_count(org), await job_count(org, "held")) == (1, 0)
    await tick(core, now)

    assert (await job_count(org), await job_count(org, "held")) == (1, 1)


async def test_a_change_through_a_slow_clock_does_not_fire_a_slot_twice(
    core: Core, org: Tenant, clock: MovingClock
) -> None:
    """A slot that a timer with a fast clock fired is done, also when the plan is then made anew before it."""
    clock.move_to(NOON - timedelta(seconds=30))
    schedule_id = await new_schedule(org, "*/5 * * * *")
    await tick(core, NOON)
    await org.put(f"/schedules/{schedule_id}", {"cron_expression": "0,5,10 * * * *"})
    assert (await org.get(f"/schedules/{schedule_id}"))["next_run_at"] == "2027-06-01T12:00:00Z"

    await tick(core, NOON + timedelta(seconds=1))
    await tick(core, NOON + timedelta(minutes=5))

    assert await slots_of(org, schedule_id) == ["2027-06-01T12:00:00Z", "2027-06-01T12:05:00Z"]
    assert await job_count(org) == 2


async def test_a_timer_that_dies_between_job_and_record_leaves_neither(
    core: Core, org: Tenant, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the connection breaks after the job was written, the slot is whole again for the next timer."""
    clock.move_to(NOON)
    schedule_id = await new_schedule(org, "* * * * *")
    enqueue_within = fire.enqueue_within

    async def enqueue_and_die(transaction: Any, *arguments: Any) -> Any:
        await enqueue_within(transaction, *arguments)
        await transaction.fetch(Query("as_login", "RESET ROLE", hot=False))
        await transaction.fetch(Query("die", "SELECT pg_terminate_backend(pg_backend_pid())", hot=False))

    now = NOON + timedelta(minutes=1)
    with monkeypatch.context() as patch:
        patch.setattr(fire, "enqueue_within", enqueue_and_die)
        with pytest.raises(UnavailableError):
            await tick(core, now)
    assert await job_count(org) == 0

    await asyncio.gather(*(tick(core, now) for _ in range(4)))

    assert await slots_of(org, schedule_id) == ["2027-06-01T12:01:00Z"]
    assert await job_count(org) == 1


async def test_a_schedule_that_cannot_be_read_is_set_aside_and_the_others_go_on(
    core: Core, org: Tenant, clock: MovingClock
) -> None:
    """It is paused with its error, which its history tells too; a sound cron and a resume bring it back."""
    clock.move_to(NOON)
    poisoned = await new_schedule(org, "* * * * *", name="poisoned")
    sound = await new_schedule(org, "* * * * *")
    spoil = Query("spoil", "UPDATE schedule SET cron_expression = 'gone' WHERE name = 'poisoned'", hot=False)
    await core.store.fetch(SYSTEM, spoil)

    await tick(core, NOON + timedelta(minutes=1))
    await tick(core, NOON + timedelta(minutes=2))
    aside = await org.get(f"/schedules/{poisoned}")
    (run,) = await org.get(f"/schedules/{poisoned}/history")

    assert len(await slots_of(org, sound)) == 2
    assert (aside["is_active"], aside["next_run_at"], aside["run_count"]) == (False, None, 0)
    assert "gone" in aside["last_error"]
    assert (run["status"], run["job_id"], run["error_message"]) == ("failed", None, aside["last_error"])
    refused = await org.post(f"/schedules/{poisoned}/resume", status=400)
    assert [detail["field"] for detail in refused["details"]] == ["cron_expression"]

    mended = await org.put(f"/schedules/{poisoned}", {"cron_expression": "0 * * * *", "is_active": True})
    assert (mended["is_active"], mended["last_error"]) == (True, None)
    assert mended["next_run_at"] is not None


async def test_a_slot_whose_job_is_refused_is_told_and_the_others_go_on(
    core: Core, org: Tenant, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One schedule's refusal is a failed run of that slot; it stays active and tries its next slot."""
    clock.move_to(NOON)
    refused = await new_schedule(org, "* * * * *", queue="full")
    sound = await new_schedule(org, "* * * * *")
    enqueue_within = fire.enqueue_within

    async def refuse_full(transaction: Any, core: Core, caller: Caller, jobs: Any, now: datetime) -> Any:
        if any(job.queue == "full" for job in jobs):
            raise QuotaExceededError(resource="queues", current=2, limit=2, plan="free")
        return await enqueue_within(transaction, core, caller, jobs, now)

    with monkeypatch.context() as patch:
        patch.setattr(fire, "enqueue_within", refuse_full)
        await tick(core, NOON + timedelta(minutes=1))
    await tick(core, NOON + timedelta(minutes=2))
    second, first = await org.get(f"/schedules/{refused}/history")

    assert (first["status"], first["job_id"], first["planned_at"]) == ("failed", None, "2027-06-01T12:01:00Z")
    assert "limit reached" in first["error_message"]
    assert (second["status"], second["planned_at"]) == ("pending", "2027-06-01T12:02:00Z")
    assert len(await slots_of(org, sound)) == 2
    assert (await org.get(f"/schedules/{refused}"))["run_count"] == 1


async def test_a_pause_is_not_caught_up(core: Core, org: Tenant, clock: MovingClock) -> None:
    """A paused schedule does not fire, and after the resume only what comes then, whatever the policy."""
    clock.move_to(NOON)
    schedule_id = await new_schedule(org, "* * * * *", misfire_policy="all")
    await org.post(f"/schedules/{schedule_id}/pause")
    await tick(core, NOON + timedelta(minutes=10))
    assert await job_count(org) == 0

    clock.move_to(NOON + timedelta(minutes=10))
    await org.post(f"/schedules/{schedule_id}/resume")
    await tick(core, NOON + timedelta(minutes=11))

    assert await slots_of(org, schedule_id) == ["2027-06-01T12:11:00Z"]


async def test_a_run_shows_in_its_schedule_and_wakes_the_worker_that_waits(
    core: Core, org: Tenant, clock: MovingClock
) -> None:
    """The job of a fire reaches a waiting dequeue at once, and the schedule says when it ran."""
    clock.move_to(NOON)
    schedule_id = await new_schedule(org, "0 9 * * *", "America/New_York", payload={"type": "report"})
    now = NOON + timedelta(hours=1, seconds=2)
    clock.move_to(now)
    waiting = asyncio.create_task(org.dequeue("reports", wait_seconds=20))

    while not waiting.done():
        await tick(core, now)
        await asyncio.wait([waiting], timeout=0.05)
    job = await waiting
    schedule = await org.get(f"/schedules/{schedule_id}")

    assert job["payload"] == {"type": "report"}
    assert (schedule["run_count"], schedule["last_run_at"]) == (1, "2027-06-01T13:00:02Z")
    assert schedule["next_run_at"] == "2027-06-02T13:00:00Z"


async def test_more_than_a_batch_is_fired_in_one_run(core: Core, org: Tenant, clock: MovingClock) -> None:
    """Large payloads and many missed slots are cut into transactions that fit, and nothing is left behind."""
    clock.move_to(NOON)
    large = await new_schedule(
        org, "*/30 * * * * *", payload="x" * 500_000, misfire_policy="all", misfire_limit=40
    )
    many = [await new_schedule(org, "0 * * * *", queue="many") for _ in range(120)]

    await tick(core, NOON + timedelta(hours=1))

    assert 40 == len(await slots_of(org, large)) == await job_count(org)
    assert len(many) == await job_count(org, "many")


async def test_a_closed_organization_is_silent(core: Core, org: Tenant, clock: MovingClock) -> None:
    """Nothing fires while it is closed, nor is any of it made up for; opened again, it goes on."""
    clock.move_to(NOON)
    schedule_id = await new_schedule(org, "* * * * *", misfire_policy="all")

    await be_open(org, open_=False)
    for minute in (1, 2, 300):
        await tick(core, NOON + timedelta(minutes=minute))
    await be_open(org, open_=True)
    await tick(core, NOON + timedelta(minutes=301))

    assert await slots_of(org, schedule_id) == spelled([NOON + timedelta(minutes=301)])
    assert await job_count(org) == 1


async def test_a_run_ends_with_its_budget(core: Core, org: Tenant, clock: MovingClock) -> None:
    """Without time left nothing is begun; the next run does it."""
    clock.move_to(NOON)
    await new_schedule(org, "* * * * *")
    now = NOON + timedelta(minutes=1)

    await run_once.run_once(core, now, -1.0)
    assert await job_count(org) == 0
    await tick(core, now)

    assert await job_count(org) == 1


async def test_old_history_goes_with_the_next_run(core: Core, org: Tenant, clock: MovingClock) -> None:
    """A schedule's runs are kept for as long as finished jobs are."""
    clock.move_to(NOON)
    schedule_id = await new_schedule(org, "* * * * *")
    await org.post(f"/schedules/{schedule_id}/trigger")
    (oldest,) = await org.get(f"/schedules/{schedule_id}/history")

    kept = timedelta(days=core.settings.job_retention_days)
    await tick(core, NOON + kept - timedelta(minutes=5))
    assert oldest in await org.get(f"/schedules/{schedule_id}/history")
    await tick(core, NOON + kept + timedelta(minutes=5))
    left = await org.get(f"/schedules/{schedule_id}/history")

    assert len(left) == 2
    assert oldest not in left


async def test_the_due_schedules_are_found_by_index(core: Core) -> None:
    """The look-up of all organizations' due schedules reads one index in order, from its start."""
    query = fire.QUERIES["find_due"]
    explain = Query("explain", f"EXPLAIN {query.sql}", hot=True)

    plan = await core.store.fetch(SYSTEM, explain, now=NOON, limit=1000)

    text = "\n".join(row["QUERY PLAN"] for row in plan)
    assert "Index Scan using schedule_due" in text
    assert "Sort" not in text
