"""Single completes and fails that wait at the same moment share a statement, and nobody can tell."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from shared import ids
from shared.core import Core
from shared.errors import FaultError, LeaseExpiredError
from shared.jobs.claim import Claim
from shared.jobs.claim_wait import claim_jobs
from shared.jobs.enqueue import NewJob, enqueue_jobs
from shared.jobs.refusal import Hold, Outcome
from shared.jobs.settle import Completion
from shared.jobs.settle_one import complete_job
from shared.tenants.caller import Caller
from tests.support.api import Tenant
from tests.support.asked import asked
from tests.support.outbox import subscribe, told
from tests.support.watching import streamed, watch


async def held(core: Core, caller: Caller, count: int, worker: str = "w1") -> list[Hold]:
    """So many jobs in the hands of a worker."""
    await enqueue_jobs(core, caller, [NewJob("emails", str(n)) for n in range(count)], core.clock())
    jobs = await claim_jobs(core, caller, Claim("emails", worker, count, 60))
    return [Hold(ids.decode("job", job["id"]), ids.decode("lease", job["lease_id"])) for job in jobs]


async def completed(core: Core, caller: Caller, holds: list[Hold]) -> list[Outcome]:
    """What becomes of jobs that are completed at the same moment."""
    calls = [complete_job(core, caller, "w1", Completion(hold, '"done"'), core.clock()) for hold in holds]
    return list(await asyncio.gather(*calls))


@pytest.mark.parametrize(("verb", "body"), [("complete", {}), ("fail", {"error": "broken"})])
async def test_a_lone_request_is_its_one_statement(
    core: Core, org: Tenant, monkeypatch: pytest.MonkeyPatch, verb: str, body: dict[str, str]
) -> None:
    """Who has no company runs what it ran before there was any."""
    await org.push()
    job = await org.dequeue()
    names = asked(core, monkeypatch)

    await org.post(f"/jobs/{job['id']}/{verb}", body | {"lease_id": job["lease_id"]})

    assert names == [f"{verb}_jobs"]


async def test_a_hundred_requests_take_a_few_statements(
    org: Tenant, core: Core, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has its own answer, with payload and result, and so has each that is refused."""
    holds = await held(core, caller, 100)
    names = asked(core, monkeypatch)

    answers = await asyncio.gather(
        *[
            org.raw(
                "POST",
                f"/jobs/{ids.encode('job', hold.job_id)}/complete",
                json={"result": {"n": n}, "worker_id": "w1" if n % 10 else "w2"},
            )
            for n, hold in enumerate(holds)
        ]
    )

    assert Counter(answer.status_code for answer in answers) == {200: 90, 409: 10}
    for n, answer in enumerate(answers):
        if n % 10:
            job = answer.json()
            assert (job["status"], job["result"], job["payload"]) == ("completed", {"n": n}, n)
        else:
            assert answer.json()["message"] == "Job is held by another worker"
    assert names.count("complete_jobs") < 20
    assert names.count("states_of_jobs") < 20


async def test_failures_share_a_statement(
    org: Tenant, core: Core, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each job has its own error, and goes its own way."""
    holds = await held(core, caller, 40)
    names = asked(core, monkeypatch)

    answers = await asyncio.gather(
        *[
            org.post(
                f"/jobs/{ids.encode('job', hold.job_id)}/fail", {"error": f"e{n}", "no_retry": n % 2 == 0}
            )
            for n, hold in enumerate(holds)
        ]
    )

    assert [answer["last_error"] for answer in answers] == [f"e{n}" for n in range(40)]
    assert [answer["status"] for answer in answers] == ["deadletter", "pending"] * 20
    assert names.count("fail_jobs") < 10


async def test_a_lease_is_held_to_the_time_of_its_own_request(one_place: Core, caller: Caller) -> None:
    """A request that came in time holds, though it went with one that came when its lease had lapsed."""
    holds = await held(one_place, caller, 4)
    now = one_place.clock()
    late = now + timedelta(seconds=61)

    outcomes = await asyncio.gather(
        *[
            complete_job(one_place, caller, "w1", Completion(hold), at)
            for hold, at in zip(holds, (now, now, late, now), strict=True)
        ]
    )

    assert [type(outcome.refused) for outcome in outcomes] == [
        type(None),
        type(None),
        LeaseExpiredError,
        type(None),
    ]


async def test_why_one_was_refused_may_be_unknown_and_the_others_hold(
    one_place: Core, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is committed is not done again, and not called an error, when looking for reasons fails."""
    holds = await held(one_place, caller, 5)
    fetch = one_place.store.fetch
    names = asked(one_place, monkeypatch)

    async def failing(*given: object, **named: object) -> object:
        if getattr(given[1], "name", "") == "states_of_jobs":
            raise FaultError
        return await fetch(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(one_place.store, "fetch", failing)

    outcomes = await completed(one_place, caller, [*holds[:3], Hold(5), *holds[3:]])

    assert [type(outcome.refused) for outcome in outcomes].count(type(None)) == 5
    assert isinstance(outcomes[3].refused, FaultError)
    assert names.count("complete_jobs") == 2


async def test_each_is_told_and_delivered_once(one_place: Core, caller: Caller, org: Tenant) -> None:
    """Who watches, and whose webhook is subscribed, hears of each job of a shared statement."""
    holds = await held(one_place, caller, 20)
    await subscribe(one_place, org, "job.completed")
    await watch(one_place, org)

    await completed(one_place, caller, holds)

    jobs = sorted(ids.encode("job", hold.job_id) for hold in holds)
    heard = await streamed(one_place, org)
    assert sorted(item["job_id"] for _, item in heard) == jobs
    assert {(names, item["result"]) for names, item in heard} == {(("job.completed",), "done")}
    assert sorted(item["job_id"] for _, item in await told(one_place, org)) == jobs
