"""The timer of acts: each kind, races, crashes, plans, lost rights, and an incident from end to end."""

import asyncio
from typing import Any

import psycopg
import pytest

from functions.ticks.acts import run_once as tick
from shared import ids
from shared.core import Core
from shared.jobs.acts import run
from shared.store import Transaction
from tests.support.acts import act_of, begin, bury_many, confirm, preview
from tests.support.api import Tenant
from tests.support.clock import MovingClock
from tests.support.until import until, until_consumers_wait

BUDGET = 20.0


async def test_dead_jobs_are_retried(org: Tenant, core: Core, clock: MovingClock) -> None:
    """They wait in their queues again with counters cleared, as after a single retry; others stay dead."""
    dead = [(await org.bury())["id"] for _ in range(3)]
    other = (await org.bury("other"))["id"]

    act = await begin(org, "retry", queue_name="emails")
    clock.advance(seconds=1)
    await tick.run_once(core, clock(), BUDGET)

    done = await act_of(org, act)
    assert done == done | {"status": "completed", "matched": 3, "done": 3, "skipped": 0, "progress": 1.0}
    assert done["started_at"] is not None
    assert done["finished_at"] >= done["started_at"]
    seen = [await org.job(job_id) for job_id in dead]
    assert {(job["status"], job["retry_count"], job["last_error"]) for job in seen} == {("pending", 0, None)}
    assert (await org.job(other))["status"] == "deadletter"


async def test_the_jobs_that_are_named_are_the_ones(
    org: Tenant, other_org: Tenant, core: Core, clock: MovingClock
) -> None:
    """Of named jobs those that the act applies to change, once each; nobody else's and no others do."""
    dead = [(await org.bury())["id"] for _ in range(3)]
    waiting, theirs = (await org.push())["id"], (await other_org.bury())["id"]

    named = [dead[2], dead[0], dead[0], waiting, theirs, "job_nonsense"]
    seen = await preview(org, "retry", job_ids=named)
    act = await confirm(org, "retry", seen["token"], job_ids=sorted({*named}))
    clock.advance(seconds=1)
    await tick.run_once(core, clock(), BUDGET)

    assert (seen["matched"], [job["id"] for job in seen["sample"]]) == (2, [dead[2], dead[0]])
    assert (await act_of(org, act))["done"] == 2
    assert [(await org.job(job_id))["status"] for job_id in dead] == ["pending", "deadletter", "pending"]
    assert (await other_org.job(theirs))["status"] == "deadletter"


async def test_waiting_jobs_are_cancelled(org: Tenant, core: Core, clock: MovingClock) -> None:
    """Pending and scheduled ones are; a running one goes on."""
    waiting = [(await org.push())["id"], (await org.push(delay_seconds=60))["id"]]
    running = (await org.push(priority=9))["id"]
    await org.dequeue()

    act = await begin(org, "cancel", queue_name="emails")
    await tick.run_once(core, clock(), BUDGET)

    assert (await act_of(org, act))["done"] == 2
    assert {(await org.job(job_id))["status"] for job_id in waiting} == {"cancelled"}
    assert (await org.job(running))["status"] == "processing"


async def test_dead_and_cancelled_jobs_are_deleted(org: Tenant, core: Core, clock: MovingClock) -> None:
    """They are gone for good; completed ones are not what this act is about."""
    dead = (await org.bury())["id"]
    cancelled = (await org.push())["id"]
    await org.delete(f"/jobs/{cancelled}")
    completed = (await org.push())["id"]
    await org.dequeue()
    await org.post(f"/jobs/{completed}/complete")

    act = await begin(org, "delete", queue_name="emails")
    await tick.run_once(core, clock(), BUDGET)

    assert (await act_of(org, act))["done"] == 2
    for job_id in (dead, cancelled):
        await org.job(job_id, 404)
    assert (await org.job(completed))["status"] == "completed"


async def test_priorities_are_set(org: Tenant, core: Core, clock: MovingClock) -> None:
    """A claim takes the jobs in their new order."""
    low = (await org.push(payload={"job_type": "slow"}))["id"]
    high = (await org.push(priority=5))["id"]

    act = await begin(org, "set_priority", job_type="slow", arguments={"priority": 10})
    await tick.run_once(core, clock(), BUDGET)

    assert (await act_of(org, act))["done"] == 1
    assert [(await org.dequeue())["id"] for _ in range(2)] == [low, high]


async def test_jobs_move_to_another_queue(org: Tenant, core: Core, clock: MovingClock) -> None:
    """A queue that is not there comes into being; a waiting consumer of it is woken; the history tells."""
    job = await org.push(priority=3, idempotency_key="once", max_retries=7)
    later = await org.push(delay_seconds=60)
    await begin(org, "move", queue_name="emails", arguments={"queue_name": "slow"})
    assert "slow" in [queue["queue_name"] for queue in await org.get("/queues")]
    waiting = asyncio.create_task(org.dequeue("slow", wait_seconds=10))
    await until_consumers_wait(core)

    await tick.run_once(core, clock(), BUDGET)

    claimed = await asyncio.wait_for(waiting, 5)
    assert (claimed["id"], claimed["priority"], claimed["max_retries"]) == (job["id"], 3, 7)
    assert (await org.job(later["id"]))["queue_name"] == "slow"
    assert await org.dequeue("emails") is None
    assert (await org.push(status=200, idempotency_key="once"))["id"] == job["id"]
    moved = [event for event in await org.get(f"/jobs/{job['id']}/history") if event["event_type"] == "moved"]
    assert moved[0]["details"]["from"] == "emails"
    stats = {queue: await org.get(f"/queues/{queue}/stats") for queue in ("emails", "slow")}
    assert (stats["emails"]["pending"], stats["slow"]["processing"]) == (0, 1)


async def test_a_workflow_is_kept_from_keys_of_the_queue_that_its_steps_left(
    org: Tenant, core: Core, clock: MovingClock
) -> None:
    """Who may use the old queue alone neither sees nor cancels what is in another one now."""
    steps = [{"key": key, "queue_name": "emails", "payload": {}} for key in ("first", "second")]
    workflow = await org.post("/workflows", {"name": "Two", "jobs": steps}, 201)
    path = f"/workflows/{workflow['workflow_id']}"
    narrow, both = [await org.with_key(queues=queues) for queues in (["emails"], ["emails", "slow"])]
    assert len((await narrow.get(f"{path}/graph"))["steps"]) == 2

    await begin(org, "move", queue_name="emails", arguments={"queue_name": "slow"})
    await tick.run_once(core, clock(), BUDGET)

    await narrow.get(f"{path}/graph", status=404)
    await narrow.post(f"{path}/cancel", status=404)
    assert {step["queue_name"] for step in (await both.get(f"{path}/graph"))["steps"]} == {"slow"}


async def test_a_job_that_came_to_be_one_of_the_act_counts_as_matched(
    org: Tenant, core: Core, clock: MovingClock
) -> None:
    """A running job that is given back before its turn is done too: never more are done than matched."""
    await org.push()
    held = await org.dequeue()
    act = await begin(org, "cancel", queue_name="emails")
    await org.post(f"/jobs/{held['id']}/release", {"lease_id": held["lease_id"], "worker_id": "w1"})

    await tick.run_once(core, clock(), BUDGET)

    done = await act_of(org, act)
    assert (act["matched"], done["matched"], done["done"], done["skipped"]) == (0, 1, 1, 0)


async def test_a_queue_beyond_the_plan_is_refused_at_once(
    org: Tenant, core: Core, clock: MovingClock
) -> None:
    """Who confirms a move to a queue that the plan has no room for hears it, and nothing moves."""
    await org.push()
    await org.push("other")
    await _set_limits(core, org, '{"max_queues": 2}')
    clock.advance(minutes=1)
    token = (await preview(org, "move", queue_name="emails", arguments={"queue_name": "new"}))["token"]

    refused = await confirm(org, "move", token, 429, queue_name="emails", arguments={"queue_name": "new"})

    assert refused["resource"] == "queues"
    assert await org.get("/jobs/acts") == []


async def test_what_comes_after_the_preview_is_not_in_the_act(
    org: Tenant, core: Core, clock: MovingClock
) -> None:
    """Neither a job that was made later nor one that died later."""
    running = (await org.push(priority=9))["id"]
    await org.dequeue()
    await org.bury()
    seen = await preview(org, "retry")
    clock.advance(seconds=1)
    await org.bury()
    await org.post(f"/jobs/{running}/fail", {"error": "late", "no_retry": True})

    act = await confirm(org, "retry", seen["token"])
    await tick.run_once(core, clock(), BUDGET)

    assert (await act_of(org, act))["done"] == 1
    assert (await org.get("/jobs/stats"))["deadletter"] == 2


async def test_a_job_that_changed_before_its_turn_is_skipped(
    org: Tenant, core: Core, clock: MovingClock
) -> None:
    """The figures of a completed act add up."""
    dead = [(await org.bury())["id"] for _ in range(3)]
    act = await begin(org, "delete")
    await org.post(f"/jobs/{dead[0]}/retry")

    await tick.run_once(core, clock(), BUDGET)

    done = await act_of(org, act)
    assert (done["matched"], done["done"], done["skipped"], done["failed"]) == (3, 2, 1, 0)


async def test_timers_at_once_do_each_job_once(
    org: Tenant, core: Core, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four timers share an act of many chunks: each job is retried once, and counted once."""
    monkeypatch.setattr(run, "CHUNK", 10)
    await bury_many(core, org, {"broken {}": 95})
    act = await begin(org, "retry")

    while (await act_of(org, act))["status"] != "completed":
        await asyncio.gather(*(tick.run_once(core, clock(), BUDGET) for _ in range(4)))

    done = await act_of(org, act)
    assert (done["done"], done["skipped"], done["failed"]) == (95, 0, 0)
    assert (await org.get("/jobs/stats"))["pending"] == 95


@pytest.mark.parametrize("crashing", ["lock_act", "page_of_act", "retry_jobs", "advance_act"])
async def test_a_crash_in_the_middle_loses_nothing(
    org: Tenant, core: Core, clock: MovingClock, monkeypatch: pytest.MonkeyPatch, crashing: str
) -> None:
    """A process that dies after any statement of a chunk leaves whole chunks; the next one goes on."""
    monkeypatch.setattr(run, "CHUNK", 10)
    await bury_many(core, org, {"broken {}": 25})
    act = await begin(org, "retry")
    fetch, seen = Transaction.fetch, 0

    async def dying(self: Transaction, query: Any, **parameters: Any) -> Any:
        nonlocal seen
        rows = await fetch(self, query, **parameters)
        seen += query.name == crashing
        if seen == 2 and query.name == crashing:
            raise asyncio.CancelledError
        return rows

    with monkeypatch.context() as patched:
        patched.setattr(Transaction, "fetch", dying)
        with pytest.raises(asyncio.CancelledError):
            await tick.run_once(core, clock(), BUDGET)
    between, stats = await act_of(org, act), await org.get("/jobs/stats")
    await tick.run_once(core, clock(), BUDGET)

    assert (between["done"], stats["pending"]) == (10, 10)
    done = await act_of(org, act)
    assert (done["status"], done["done"], done["skipped"]) == ("completed", 25, 0)


async def test_an_abort_during_a_run_stops_it(
    org: Tenant, core: Core, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is done when the abort is answered is all that is ever done."""
    monkeypatch.setattr(run, "CHUNK", 1)
    await bury_many(core, org, {"broken {}": 200})
    act = await begin(org, "retry")
    running = asyncio.create_task(tick.run_once(core, clock(), BUDGET))

    async def has_begun() -> bool:
        return bool((await act_of(org, act))["done"])

    await until(has_begun)

    aborted = await org.post(f"/jobs/acts/{act['id']}/abort")
    await running

    assert (await act_of(org, act)) == aborted
    assert 0 < aborted["done"] < 200
    assert (await org.get("/jobs/stats"))["pending"] == aborted["done"]


async def test_a_job_that_cannot_be_changed_stops_no_other(
    org: Tenant, core: Core, clock: MovingClock
) -> None:
    """It is counted as failed, and the act goes on to its end."""
    dead = [(await org.bury())["id"] for _ in range(5)]
    key = ids.decode("job", dead[2])
    act = await begin(org, "retry")
    async with await psycopg.AsyncConnection.connect(core.settings.database_url, autocommit=True) as owner:
        await owner.execute(
            f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN IF new.id = {key} THEN RAISE 'poisoned'; END IF; RETURN new; END $$;"
            " CREATE TRIGGER refuse BEFORE INSERT ON job FOR EACH ROW EXECUTE FUNCTION refuse()".encode()
        )
        try:
            await tick.run_once(core, clock(), BUDGET)
        finally:
            await owner.execute("DROP FUNCTION refuse() CASCADE")

    done = await act_of(org, act)
    assert (done["status"], done["done"], done["failed"]) == ("completed", 4, 1)
    assert (await org.job(dead[2]))["status"] == "deadletter"


async def test_a_retry_ends_where_the_plan_does(org: Tenant, core: Core, clock: MovingClock) -> None:
    """As many come back as there is room for; the act says which limit stopped it."""
    for _ in range(5):
        await org.bury()
    await _set_limits(core, org, '{"max_active_jobs": 3}')
    clock.advance(minutes=1)
    act = await begin(org, "retry")

    await tick.run_once(core, clock(), BUDGET)

    done = await act_of(org, act)
    assert (done["status"], done["done"]) == ("failed", 3)
    assert "limit reached" in done["error"]
    assert (await org.get("/jobs/stats"))["pending"] == 3


@pytest.mark.parametrize("loss", ["revoked", "held to another queue", "member left"])
async def test_an_act_stops_when_the_right_is_lost(
    org: Tenant, core: Core, clock: MovingClock, loss: str
) -> None:
    """Before each chunk the key or person that confirmed it is looked at as it is now."""
    await org.bury()
    acting = await org.with_key()
    key_id = (await org.get("/api-keys"))[0]["id"]
    act = await begin(acting, "retry", queue_name="emails")
    if loss == "revoked":
        await org.delete(f"/api-keys/{key_id}")
    elif loss == "held to another queue":
        await org.put(f"/api-keys/{key_id}", {"queues": ["other"]})
    else:
        async with await psycopg.AsyncConnection.connect(core.settings.database_url) as owner:
            await owner.execute("SET ROLE spooled_system")
            await owner.execute(
                "UPDATE job_act SET key_id = NULL, user_id = 1 WHERE id = %s", (ids.decode("act", act["id"]),)
            )

    await tick.run_once(core, clock(), BUDGET)

    stopped = await act_of(org, act)
    assert (stopped["status"], stopped["done"]) == ("failed", 0)
    assert stopped["error"].startswith("Stopped: ")
    assert (await org.get("/jobs/stats"))["deadletter"] == 1


async def _set_limits(core: Core, org: Tenant, limits: str) -> None:
    async with await psycopg.AsyncConnection.connect(core.settings.database_url) as owner:
        await owner.execute("SET ROLE spooled_system")
        await owner.execute(
            "UPDATE organization SET custom_limits = %s WHERE org_id = %s",
            (limits, ids.decode("org", org.org_id)),
        )


async def test_an_incident(org: Tenant, core: Core, clock: MovingClock) -> None:
    """10,000 dead jobs of three causes: the causes are seen, one is retried, one is purged, one is left."""
    counts = {"connection to 10.0.0.{} refused": 6_000, "card {} declined": 3_000, "no such user '{}'": 1_000}
    await bury_many(core, org, counts)
    groups = await org.get("/jobs/dlq/causes", {"queue": "emails"})
    assert [(group["cause"], group["count"]) for group in groups] == [
        ("connection to * refused", 6_000),
        ("card * declined", 3_000),
        ("no such user *", 1_000),
    ]
    refused, declined, unknown = (group["id"] for group in groups)

    clock.advance(seconds=1)
    retry = await begin(org, "retry", cause=refused)
    purge = await begin(org, "delete", cause=declined)
    seen: list[float] = []
    while (await act_of(org, retry))["status"] in {"pending", "running"}:
        seen.append((await act_of(org, retry))["progress"])
        await tick.run_once(core, clock(), 0.2)
    await tick.run_once(core, clock(), BUDGET)

    assert seen == sorted(seen)
    assert [(await act_of(org, act))["done"] for act in (retry, purge)] == [6_000, 3_000]
    assert [group["id"] for group in await org.get("/jobs/dlq/causes")] == [unknown]
    stats = await org.get("/jobs/stats")
    assert (stats["pending"], stats["deadletter"], stats["total"]) == (6_000, 1_000, 7_000)
