"""Why a job is not running: each gate of a claim with its figures, and when the job will start."""

import asyncio
import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.core import Core
from shared.jobs.verdicts import MOST_BEFORE
from tests.support.api import Api, Tenant
from tests.support.clock import MovingClock
from tests.support.people import fresh_email, session_of
from tests.support.until import until_consumers_wait


async def explained(org: Tenant, job: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = await org.get(f"/jobs/{job['id']}/explain")
    return told


def gate(told: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [gate for gate in told["gates"] if gate["name"] == name]
    return found


def holds(told: dict[str, Any]) -> list[str]:
    return [gate["name"] for gate in told["gates"] if gate["verdict"] == "hold"]


async def heard_of_a_worker(org: Tenant, queue: str = "emails") -> None:
    await org.post("/workers/register", {"queue_name": queue, "hostname": "box"}, 201)


async def test_a_job_that_nothing_holds_is_runnable(org: Tenant) -> None:
    """Every gate passes, and it starts with the next claim."""
    await heard_of_a_worker(org)
    job = await org.push()

    told = await explained(org, job)

    assert (told["job_id"], told["queue_name"], told["status"]) == (job["id"], "emails", "pending")
    assert (told["runnable"], holds(told)) == (True, [])
    assert told["summary"] == "Nothing holds it: the next claim takes it."
    assert told["estimate"]["starts_at"] is not None
    assert (await org.dequeue())["id"] == job["id"]


async def test_a_delayed_job_says_for_how_long(org: Tenant) -> None:
    """The time that is left stands in the sentence, and the estimate is when it is due."""
    await heard_of_a_worker(org)
    job = await org.push(delay_seconds=200)

    told = await explained(org, job)

    assert (told["status"], told["runnable"], holds(told)) == ("scheduled", False, ["due"])
    assert told["summary"] in {"Not due for 3 m 20 s.", "Not due for 3 m 19 s."}
    assert gate(told, "due")["until"] == told["estimate"]["starts_at"] == job["scheduled_at"]


async def test_a_retry_says_what_the_last_attempt_ran_into(org: Tenant) -> None:
    """A job that waits for its next attempt names the attempts that are used and the error."""
    job = await org.push(max_retries=2)
    await org.put("/queues/emails/config", {"retry_delay_seconds": 600})
    await org.dequeue()
    await org.post(f"/jobs/{job['id']}/fail", {"error": "mail server\nis down"})

    told = await explained(org, job)

    assert told["status"] == "pending"
    assert re.fullmatch(
        r"Not due for (10 m|9 m 59 s): 1 of 3 attempts are used, the last failed with: mail server is down\.",
        gate(told, "due")["reason"],
    )


async def test_a_paused_queue_says_who_paused_it_since_when_and_why(org: Tenant, clock: MovingClock) -> None:
    """The first who paused it stands, with the reason; whoever resumes it ends that."""
    ops = await org.with_key(permissions=["queues:write"])
    job = await org.push()
    paused = await ops.post("/queues/emails/pause", {"reason": "maintenance"})
    clock.advance(minutes=4)
    await org.post("/queues/emails/pause")

    told = await explained(org, job)

    held = gate(told, "paused")
    said = r"The queue was paused 4 m( \d s)? ago by Narrow \(key_\w+\): maintenance\."
    assert re.fullmatch(said, held["reason"])
    assert (held["since"], held["figures"]["reason"]) == (paused["paused_at"], "maintenance")
    assert told["estimate"] == {
        "starts_at": None,
        "basis": "It starts after the queue is resumed: POST /api/v1/queues/emails/resume.",
    }
    assert (await org.get("/queues/emails"))["paused_by"] == held["figures"]["by"]
    await org.post("/queues/emails/resume")
    assert gate(await explained(org, job), "paused")["verdict"] == "pass"
    assert (await org.get("/queues/emails"))["paused_by"] is None


async def test_a_disabled_queue_says_who_disabled_it_and_since_when(org: Tenant, clock: MovingClock) -> None:
    """Another change of the queue leaves that as it is; to enable it ends it."""
    job = await org.push()
    await org.put("/queues/emails/config", {"enabled": False})
    clock.advance(hours=25)
    await org.put("/queues/emails/config", {"max_retries": 1, "enabled": False})
    await org.put("/queues/emails/config", {"max_retries": 2})

    told = await explained(org, job)

    reason = gate(told, "enabled")["reason"]
    assert re.fullmatch(r"The queue was disabled 1 d 1 h ago by First key \(key_\w+\)\.", reason)
    await org.put("/queues/emails/config", {"enabled": True})
    assert holds(await explained(org, job)) == ["workers"]


async def test_a_queue_that_was_made_disabled_says_so(org: Tenant) -> None:
    """Who makes a queue that gives nothing out is who disabled it."""
    await org.post("/queues", {"name": "emails", "enabled": False}, 201)

    told = await explained(org, await org.push())

    assert gate(told, "enabled")["since"] is not None
    assert gate(told, "enabled")["figures"]["by"].startswith("key_")


async def test_names_are_told_to_those_who_may_read_them(org: Tenant) -> None:
    """A key that may read jobs alone sees the id of who paused the queue, and no name."""
    job = await org.push()
    await org.post("/queues/emails/pause")
    narrow = await org.with_key(permissions=["jobs:read"])

    shown = gate(await explained(narrow, job), "paused")

    assert shown["figures"]["by"].startswith("key_")
    assert (
        shown["reason"]
        == f"The queue was paused {shown['reason'].split()[4]} ms ago by {shown['figures']['by']}."
    )


async def test_a_person_who_paused_a_queue_is_named(
    org: Tenant, clock: MovingClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A person stands there by their address, for those who may read the members."""
    email = fresh_email()
    await org.post(f"/organizations/{org.org_id}/members", {"email": email, "role": "admin"}, 201)
    clock.advance(minutes=1)
    person = await session_of(Api(org.client), email, caplog)
    job = await org.push()
    await person.post("/queues/emails/pause")

    assert f" by {email} (user_" in gate(await explained(org, job), "paused")["reason"]
    narrow = await org.with_key(permissions=["jobs:read", "api-keys:read"])
    assert email not in gate(await explained(narrow, job), "paused")["reason"]


async def test_limits_say_how_much_of_them_is_used(org: Tenant) -> None:
    """Concurrency names those that run, the rate how soon the next start is free."""
    await org.post("/queues", {"name": "emails", "concurrency": 2, "rate_limit": 1}, 201)
    jobs = [await org.push() for _ in range(3)]
    free = await explained(org, jobs[0])
    await org.dequeue()

    told = await explained(org, jobs[1])

    assert gate(free, "concurrency")["figures"] == {"limit": 2, "running": 0}
    assert gate(free, "rate_limit")["reason"] == "1 of 1 starts a second are free."
    assert gate(told, "concurrency")["reason"] == "1 of 2 jobs of the queue that may run at once run."
    assert holds(told) == ["rate_limit"]
    assert re.fullmatch(
        r"1 start a second are used up; the next is free in \d+ ms\.", gate(told, "rate_limit")["reason"]
    )


async def test_a_full_queue_holds_and_a_lapsed_lease_is_a_free_place(org: Tenant, clock: MovingClock) -> None:
    """What a claim takes back before it looks is not counted as running."""
    await org.post("/queues", {"name": "emails", "concurrency": 1}, 201)
    jobs = [await org.push() for _ in range(2)]
    await org.dequeue(lease_duration_secs=30)

    assert holds(await explained(org, jobs[1])) == ["concurrency"]
    clock.advance(seconds=30)
    assert holds(await explained(org, jobs[1])) == []
    lapsed = await explained(org, jobs[0])
    assert lapsed["summary"].startswith("The lease of worker w1 lapsed ")
    assert (await org.dequeue())["id"] == jobs[1]["id"]


async def test_after_a_lowered_limit_the_estimate_counts_all_that_must_end(org: Tenant) -> None:
    """Of three that run where one may, three end before the next one starts."""
    await org.post("/queues", {"name": "emails", "concurrency": 3}, 201)
    for _ in range(3):
        await org.push()
        await org.dequeue()
    job = await org.push()
    await org.put("/queues/emails/config", {"concurrency": 1})

    assert (await explained(org, job))["estimate"]["basis"].startswith("3 jobs must start or end first")


async def test_the_order_says_how_many_come_before_and_why(org: Tenant) -> None:
    """Those of a higher priority and the older ones of its own; what is not due or expired does not count."""
    first = await org.push()
    for fields in ({"priority": 5}, {"priority": 5}, {"priority": 5, "delay_seconds": 60}, {"priority": -1}):
        await org.push(**fields)
    job = await org.push()

    order = gate(await explained(org, job), "order")

    assert order["reason"] == "3 jobs come before it, 2 of a higher priority."
    assert order["figures"] == {"before": 3, "is_more": False, "of_higher_priority": 2, "priority": 0}
    assert gate(await explained(org, first), "order")["reason"] == (
        "2 jobs come before it, all of a higher priority."
    )


async def test_more_than_ten_thousand_are_not_counted(org: Tenant) -> None:
    """The figure stops there and says so."""
    for _ in range(MOST_BEFORE // 1_000 + 1):
        await org.post("/jobs/bulk", {"queue_name": "emails", "jobs": [{"payload": 1}] * 1_000})
    job = await org.push()

    order = gate(await explained(org, job), "order")

    assert order["reason"] == "More than 10,000 jobs come before it: of its priority and due earlier."
    assert (order["figures"]["before"], order["figures"]["is_more"]) == (10_000, True)


async def test_a_workflow_step_names_its_unfinished_parents(org: Tenant) -> None:
    """The count is of all, the names of those that the key may see; the last end lets the step go."""
    parents = [await org.push("a"), await org.push("b")]
    child = await org.push("c")
    await org.post(f"/jobs/{child['id']}/dependencies", {"depends_on": [one["id"] for one in parents]})
    narrow = await org.with_key(queues=["b", "c"])

    whole = gate(await explained(org, child), "parents")
    part = gate(await explained(narrow, child), "parents")

    named = [f"{parent['id']} (pending)" for parent in parents]
    assert whole["reason"] == f"It waits for 2 unfinished jobs: {named[0]} and {named[1]}."
    assert part["reason"] == f"It waits for 2 unfinished jobs: {named[1]} and 1 more."
    assert holds(await explained(org, child)) == ["parents", "workers"]
    for queue in ("a", "b"):
        taken = await org.dequeue(queue)
        await org.post(f"/jobs/{taken['id']}/complete")
    assert holds(await explained(org, child)) == ["workers"]
    assert (await org.dequeue("c"))["id"] == child["id"]


async def test_silence_of_workers_is_told_and_does_not_make_a_job_less_runnable(
    org: Tenant, clock: MovingClock
) -> None:
    """A worker is seen by its registration, by what it claims, and by its wait; minutes later it is not."""
    job = await org.push()
    nobody = await explained(org, job)
    other = await org.push()
    await org.dequeue(lease_duration_secs=3600)
    await org.post(f"/jobs/{job['id']}/complete")
    seen = await explained(org, other)
    clock.advance(minutes=4)
    gone = await explained(org, other)
    await heard_of_a_worker(org)
    registered = await explained(org, other)

    assert (nobody["runnable"], nobody["summary"]) == (True, "No worker of the queue has been seen.")
    assert gate(seen, "workers")["verdict"] == "pass"
    assert (gone["runnable"], holds(gone)) == (True, ["workers"])
    assert gone["summary"] == "No worker of the queue has been seen for 4 m."
    assert gone["estimate"]["starts_at"] is None
    assert gate(registered, "workers")["reason"] == "1 worker is registered for the queue."


async def test_who_waits_for_jobs_is_a_worker_that_is_seen(org: Tenant, core: Core) -> None:
    """A consumer in a long poll of this process counts, registered or not."""
    job = await org.push(delay_seconds=600)
    waiting = asyncio.create_task(org.dequeue(wait_seconds=20))
    await until_consumers_wait(core, 1)

    told = await explained(org, job)

    assert gate(told, "workers")["reason"] == "1 consumer waits for jobs of the queue."
    await org.push()
    assert await waiting is not None


async def test_the_estimate_goes_by_the_pace_of_the_queue(org: Tenant, clock: MovingClock) -> None:
    """Ten jobs in ten seconds: the one behind ten others starts in about ten more."""
    for _ in range(11):
        await org.push()
    job = await org.push()
    for _ in range(10):
        clock.advance(seconds=1)
        taken = await org.dequeue()
        await org.post(f"/jobs/{taken['id']}/complete")
    for _ in range(10):
        await org.push(priority=1)

    told = await explained(org, job)

    assert gate(told, "order")["figures"]["before"] == 11
    wait = datetime.fromisoformat(told["estimate"]["starts_at"]) - clock()
    assert timedelta(seconds=8) < wait < timedelta(seconds=14)
    assert told["estimate"]["basis"].startswith(
        "11 jobs must start or end first, and the last 10 jobs of the"
    )


async def test_a_job_that_will_expire_first_is_promised_nothing(org: Tenant, clock: MovingClock) -> None:
    """No start is named behind its end; once that has passed it holds for good."""
    await heard_of_a_worker(org)
    ends = clock() + timedelta(seconds=60)
    job = await org.push(delay_seconds=120, expires_at=ends.isoformat())

    early = await explained(org, job)
    clock.advance(seconds=60)
    late = await explained(org, job)

    assert early["estimate"] == {"starts_at": None, "basis": "It expires before its turn: it is due then."}
    assert gate(late, "expiry")["verdict"] == "hold"
    assert late["estimate"]["basis"] == "It will never start."


async def test_a_job_that_runs_or_is_over_says_so(org: Tenant, clock: MovingClock) -> None:
    """Who holds it, under which lease; when it was completed or cancelled; what killed it and revives it."""
    running, done, dead = [await org.push(max_retries=3) for _ in range(3)]
    gone = await org.push(delay_seconds=60)
    for _ in range(3):
        await org.dequeue()
    await org.post(f"/jobs/{done['id']}/complete")
    await org.post(f"/jobs/{dead['id']}/fail", {"error": "no such user", "no_retry": True})
    await org.delete(f"/jobs/{gone['id']}")
    clock.advance(minutes=2)

    told = [await explained(org, job) for job in (running, done, dead, gone)]

    assert [(one["status"], one["runnable"], holds(one)) for one in told] == [
        (status, False, ["state"]) for status in ("processing", "completed", "deadletter", "cancelled")
    ]
    assert re.fullmatch(
        r"Worker w1 runs it, 1 of 4 attempts; its lease ends in (3 m|2 m 59 s)\.", told[0]["summary"]
    )
    assert told[0]["gates"][0]["until"] == (await org.job(running["id"]))["lease_expires_at"]
    assert told[1]["summary"] == "It was completed 2 m ago by worker w1, with 1 of 4 attempts."
    assert told[2]["summary"] == (
        "It died 2 m ago after 1 of 4 attempts, the last failed with: no such user;"
        f" POST /api/v1/jobs/{dead['id']}/retry runs it again."
    )
    assert told[3]["summary"].startswith("It was cancelled 2 m ago")
    assert [one["estimate"]["starts_at"] for one in told] == [None] * 4


async def test_a_job_of_another_queue_than_the_keys_is_not_there(org: Tenant) -> None:
    """As for reading the job: 404 for a key that is held to other queues."""
    job = await org.push()
    narrow = await org.with_key(queues=["other"])

    await narrow.get(f"/jobs/{job['id']}/explain", status=404)
