"""Single claims that wait at the same moment share a statement, and nobody can tell."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from shared import ids
from shared.core import Core
from shared.errors import SpooledError
from shared.jobs.claim import Claim
from shared.jobs.claim_wait import claim_jobs
from shared.jobs.enqueue import NewJob, enqueue_jobs
from shared.tenants.caller import Caller
from shared.together import Together
from tests.support.api import Tenant
from tests.support.asked import asked
from tests.support.outbox import subscribe, told
from tests.support.until import until, until_consumers_wait
from tests.support.watching import streamed, watch


async def jobs_of(core: Core, caller: Caller, count: int, **fields: Any) -> list[str]:
    """So many new jobs, the oldest first."""
    new = [NewJob("emails", str(number), **fields) for number in range(count)]
    made = await enqueue_jobs(core, caller, new, core.clock())
    return [ids.encode("job", job.job_id) for job in made]


async def at_once(core: Core, caller: Caller, claims: list[Claim]) -> list[Any]:
    """What becomes of claims that come at the same moment."""
    calls = [claim_jobs(core, caller, claim) for claim in claims]
    return list(await asyncio.gather(*calls, return_exceptions=True))


async def test_a_lone_request_is_its_one_statement(
    core: Core, org: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has no company runs what it ran before there was any."""
    await org.push()
    names = asked(core, monkeypatch)

    await org.dequeue()

    assert names == ["claim_jobs"]


async def test_a_hundred_requests_take_a_few_statements(
    org: Tenant, core: Core, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has a job of its own, in its own name and for its own time."""
    pushed = await jobs_of(core, caller, 100)
    names = asked(core, monkeypatch)

    taken = await asyncio.gather(
        *[org.dequeue(worker_id=f"w{n}", lease_duration_secs=60 + n) for n in range(100)]
    )

    assert sorted(job["id"] for job in taken) == sorted(pushed)
    assert names.count("claim_jobs") < 20
    for n, job in enumerate(taken):
        assert job["worker_id"] == f"w{n}"
        assert job["lease_id"] == (await org.job(job["id"]))["lease_id"]
        assert seconds(job) == 60 + n


def seconds(job: dict[str, Any]) -> int:
    """For how long a job is leased, as HTTP tells it."""
    leased, started = (datetime.fromisoformat(job[name]) for name in ("leased_until", "started_at"))
    return round((leased - started).total_seconds())


async def test_the_first_to_ask_has_the_first_job(one_place: Core, caller: Caller) -> None:
    """Those who go together stand in the order in which they came, and so do the jobs."""
    low = await jobs_of(one_place, caller, 6)
    high = await jobs_of(one_place, caller, 6, priority=5)

    taken = await at_once(one_place, caller, [Claim("emails", f"w{n}") for n in range(12)])

    assert [job["id"] for (job,) in taken] == high + low
    assert [job["worker_id"] for (job,) in taken] == [f"w{n}" for n in range(12)]


async def test_who_comes_too_late_has_nothing(
    one_place: Core, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there are fewer jobs than askers the first have them, and the others look once, together."""
    pushed = await jobs_of(one_place, caller, 10)
    names = asked(one_place, monkeypatch)

    taken = await at_once(one_place, caller, [Claim("emails", f"w{n}") for n in range(40)])

    assert [job["id"] for (job,) in taken[:10]] == pushed
    assert taken[10:] == [[]] * 30
    assert (names.count("claim_jobs"), names.count("next_look")) == (2, 2)


async def test_each_lease_is_its_own(one_place: Core, caller: Caller) -> None:
    """One takes the job's own timeout, the other says how long."""
    await jobs_of(one_place, caller, 6, timeout_seconds=70)
    leases = [None, 10, None, 4_000_000, 20, None]

    taken = await at_once(one_place, caller, [Claim("emails", "w", 1, lease) for lease in leases])

    spans = [job["leased_until"] - job["started_at"] for (job,) in taken]
    assert spans == [timedelta(seconds=lease or 70) for lease in leases]


async def test_batches_and_other_queues_go_by_themselves(
    one_place: Core, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks for several has them all, and a queue's jobs go to those of that queue."""
    await jobs_of(one_place, caller, 20)
    await enqueue_jobs(one_place, caller, [NewJob("other", "1")] * 3, one_place.clock())
    names = asked(one_place, monkeypatch)
    claims = [Claim("emails", "w"), Claim("emails", "w", 5), Claim("other", "w"), Claim("emails", "w", 3)]

    taken = await at_once(one_place, caller, claims)

    assert [[job["queue"] for job in jobs] for jobs in taken] == [
        ["emails"],
        ["emails"] * 5,
        ["other"],
        ["emails"] * 3,
    ]
    assert names.count("claim_jobs") == 4


async def test_keys_that_are_held_to_queues_see_no_more(one_place: Core, caller: Caller) -> None:
    """A key that is not for the queue has nothing, whoever asks beside it."""
    await jobs_of(one_place, caller, 12)
    held, other = replace(caller, queues=("emails",)), replace(caller, queues=("other",))
    calls = [claim_jobs(one_place, by, Claim("emails", "w")) for by in (caller, held, other) * 4]

    assert [len(jobs) for jobs in await asyncio.gather(*calls)] == [1, 1, 0] * 4


async def test_a_bad_member_is_refused_alone(one_place: Core, caller: Caller) -> None:
    """A name that PostgreSQL does not take costs the others nothing."""
    pushed = await jobs_of(one_place, caller, 5)
    workers = ["w0", "w1", "w\0", "w3", "w4", "w5"]

    taken = await at_once(one_place, caller, [Claim("emails", worker) for worker in workers])

    assert isinstance(taken[2], SpooledError)
    del taken[2]
    assert sorted(job["id"] for (job,) in taken) == pushed
    assert [job["worker_id"] for (job,) in taken] == ["w0", "w1", "w3", "w4", "w5"]


async def test_a_limited_queue_is_held_to_its_limit(one_place: Core, caller: Caller, org: Tenant) -> None:
    """However many ask at once, no more run than may."""
    await org.put("/queues/emails/config", {"concurrency": 7})
    await jobs_of(one_place, caller, 20)

    taken = await at_once(one_place, caller, [Claim("emails", f"w{n}") for n in range(30)])

    assert Counter(len(jobs) for jobs in taken) == {1: 7, 0: 23}


async def test_a_paused_queue_yields_nothing(one_place: Core, caller: Caller, org: Tenant) -> None:
    """Who asks in company finds it as closed as who asks alone, and it opens for all."""
    pushed = await jobs_of(one_place, caller, 8)
    await org.post("/queues/emails/pause")
    claims = [Claim("emails", f"w{n}") for n in range(8)]

    assert await at_once(one_place, caller, claims) == [[]] * 8

    await org.post("/queues/emails/resume")
    assert [job["id"] for (job,) in await at_once(one_place, caller, claims)] == pushed


async def test_what_is_taken_for_one_who_goes_is_given_back(
    core: Core, caller: Caller, org: Tenant, database_url: str
) -> None:
    """Who is cancelled, before its turn or during it, keeps no job; the others keep theirs."""
    pushed = await jobs_of(core, caller, 6)
    process = replace(core, together=Together(at_once=1))
    async with await psycopg.AsyncConnection.connect(database_url) as blocker:
        await blocker.execute("LOCK TABLE job IN EXCLUSIVE MODE")
        asking = [
            asyncio.ensure_future(claim_jobs(process, caller, Claim("emails", f"w{n}"))) for n in range(6)
        ]

        async def are_held_up() -> bool:
            cursor = await blocker.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            return (await cursor.fetchone() or (0,))[0] >= 2

        await until(are_held_up)
        for gone in (0, 2, 5):
            asking[gone].cancel()
        await blocker.rollback()
    await asyncio.wait(asking)

    assert [one.cancelled() for one in asking] == [True, False, True, False, False, True]
    kept = [one.result()[0]["id"] for one in asking if not one.cancelled()]
    assert len(set(kept)) == 3
    back = [job for job in pushed if job not in kept]
    assert [(await org.job(job))["attempts"] for job in back] == [0, 0, 0]
    assert [(await org.dequeue())["id"] for _ in back] == back


async def test_trouble_with_the_database_is_everybodys(
    one_place: Core, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is not known whether the claim is committed, nobody takes a second job for it."""
    await jobs_of(one_place, caller, 10)
    names = asked(one_place, monkeypatch)
    run = one_place.store._round_trip

    async def broken(*given: object, **how: object) -> object:
        await run(*given, **how)  # type: ignore[arg-type]
        raise psycopg.OperationalError("the line broke before the answer")

    monkeypatch.setattr(one_place.store, "_round_trip", broken)

    taken = await at_once(one_place, caller, [Claim("emails", f"w{n}") for n in range(5)])

    assert {one.code for one in taken if isinstance(one, SpooledError)} == {"SERVICE_UNAVAILABLE"}
    assert len(taken) == 5
    assert names.count("claim_jobs") == 2


async def test_each_is_told_and_delivered_once(one_place: Core, caller: Caller, org: Tenant) -> None:
    """Who watches, and whose webhook is subscribed, hears of each job of a shared statement."""
    pushed = await jobs_of(one_place, caller, 20)
    await subscribe(one_place, org, "job.started")
    await watch(one_place, org)

    await at_once(one_place, caller, [Claim("emails", f"w{n}") for n in range(20)])

    started = [item for names, item in await streamed(one_place, org) if names == ("job.started",)]
    assert sorted(item["job_id"] for item in started) == sorted(pushed)
    assert {item["worker_id"] for item in started} == {f"w{n}" for n in range(20)}
    assert sorted(item["job_id"] for _, item in await told(one_place, org)) == sorted(pushed)


async def test_steps_of_workflows_begin_in_company(one_place: Core, caller: Caller, org: Tenant) -> None:
    """Each step that is taken begins its own workflow, also when several are taken at once."""
    flows = [
        await org.post(
            "/workflows",
            {"name": f"f{n}", "jobs": [{"key": "a", "queue": "emails", "payload": {}}]},
            201,
        )
        for n in range(6)
    ]

    taken = await at_once(one_place, caller, [Claim("emails", f"w{n}") for n in range(6)])

    assert {job["workflow_id"] for (job,) in taken} == {flow["workflow_id"] for flow in flows}
    assert {(await org.get(f"/workflows/{flow['workflow_id']}"))["status"] for flow in flows} == {"running"}


async def test_those_who_are_woken_together_ask_together(
    core: Core, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thirty jobs at once for thirty who wait: each has one, for a few statements."""
    waiting = []
    for number in range(30):
        claim = Claim("emails", f"w{number}", wait_seconds=None)
        waiting.append(asyncio.ensure_future(claim_jobs(core, caller, claim)))
        await until_consumers_wait(core, number + 1)
    names = asked(core, monkeypatch)

    pushed = await jobs_of(core, caller, 30)
    taken = await asyncio.wait_for(asyncio.gather(*waiting), 20)

    assert sorted(job["id"] for (job,) in taken) == pushed
    assert names.count("claim_jobs") < 10
