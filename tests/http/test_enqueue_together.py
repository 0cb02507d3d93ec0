"""Single enqueues that wait at the same moment share a statement, and nobody can tell."""

import asyncio
from collections import Counter
from dataclasses import replace

import psycopg
import pytest

from shared import ids
from shared.core import Core
from shared.errors import InvalidInputError, QuotaExceededError, SpooledError
from shared.jobs.enqueue import NewJob, UnknownParentError
from shared.jobs.enqueue_one import enqueue_job
from shared.limits.plans import PLANS
from shared.tenants.caller import Caller
from shared.together import Together
from tests.support.api import Tenant, api_of
from tests.support.asked import asked
from tests.support.outbox import subscribe, told
from tests.support.until import until
from tests.support.watching import streamed, watch

UNSTORABLE = '"\\u0000"'
"""JSON that `jsonb` refuses."""


@pytest.fixture
def impatient(core: Core) -> Core:
    """The same, but for those who are held up."""
    return replace(core, together=Together(at_once=1))


async def at_once(core: Core, caller: Caller, jobs: list[NewJob]) -> list[object]:
    """What becomes of jobs that are enqueued at the same moment."""
    calls = [enqueue_job(core, caller, job, core.clock()) for job in jobs]
    return list(await asyncio.gather(*calls, return_exceptions=True))


async def test_a_lone_request_is_its_one_statement(
    core: Core, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has no company runs what it ran before there was any."""
    names = asked(core, monkeypatch)

    await enqueue_job(core, caller, NewJob("emails", "{}"), core.clock())

    assert names == ["enqueue_jobs"]


async def test_a_hundred_requests_take_a_few_statements(
    org: Tenant, core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them has its own answer; their order is kept."""
    names = asked(core, monkeypatch)

    answers = await asyncio.gather(*[org.raw("POST", "/jobs", json=body(n)) for n in range(100)])

    assert {answer.status_code for answer in answers} == {201}
    assert [answer.json()["payload"] for answer in answers] == list(range(100))
    assert len({answer.json()["id"] for answer in answers}) == 100
    assert names.count("enqueue_jobs") < 20
    for answer in answers:
        made = answer.json()
        assert {key: made[key] for key in await org.job(made["id"])} == await org.job(made["id"])


def body(number: int) -> dict[str, object]:
    return {"queue": f"q{number % 3}", "payload": number, "priority": number % 5, "tags": {"n": number}}


async def test_jobs_are_claimed_in_the_order_in_which_they_came(
    one_place: Core, caller: Caller, org: Tenant
) -> None:
    """Of one statement the first is the first."""
    made = await at_once(one_place, caller, [NewJob("emails", str(number)) for number in range(30)])

    assert [(await org.dequeue())["payload"] for _ in made] == list(range(30))


async def test_of_equal_keys_the_first_makes_the_job(one_place: Core, caller: Caller, org: Tenant) -> None:
    """Within one statement too, and the others get that job as it was made."""
    keyed = [NewJob("emails", str(number), idempotency_key="same") for number in range(5)]

    _, *made = await at_once(one_place, caller, [NewJob("emails", '"alone"'), *keyed])

    answers = [one for one in made if isinstance(one, dict)]
    assert [one["created"] for one in answers] == [True, False, False, False, False]
    [job_id] = {one["id"] for one in answers}
    assert (await org.job(job_id))["payload"] == 0


async def test_a_bad_member_is_refused_alone(one_place: Core, caller: Caller) -> None:
    """What PostgreSQL refuses of one, and a parent that is not there, change nothing for the others."""
    good = NewJob("emails", "{}")
    jobs = [
        good,
        good,
        NewJob("emails", "{}", tags=UNSTORABLE),
        NewJob("emails", "{}", parent_job_id=5),
        good,
    ]

    made = await at_once(one_place, caller, jobs)

    assert [type(one) for one in made] == [dict, dict, InvalidInputError, UnknownParentError, dict]


async def test_a_parent_out_of_sight_is_unknown_to_that_key_alone(
    one_place: Core, caller: Caller, org: Tenant
) -> None:
    """Keys that are held to queues share nothing with those that are not."""
    parent = ids.decode("job", (await org.push("secret"))["id"])
    held = replace(caller, queues=("emails",))
    child = NewJob("emails", "{}", parent_job_id=parent)

    made = await asyncio.gather(
        *[enqueue_job(one_place, by, child, one_place.clock()) for by in (caller, held) * 4],
        return_exceptions=True,
    )

    assert [type(one) for one in made] == [dict, UnknownParentError] * 4


async def test_what_fits_into_the_plan_is_made(one_place: Core, caller: Caller, org: Tenant) -> None:
    """A quota that has room for some refuses the others, with the figures of a lone request."""
    limited = replace(caller, limits=replace(PLANS["pro"], max_active_jobs=7))

    made = await at_once(one_place, limited, [NewJob("emails", "{}")] * 20)

    assert Counter(type(one) for one in made) == {dict: 7, QuotaExceededError: 13}
    refused = [one for one in made if isinstance(one, QuotaExceededError)]
    assert {(one.facts["resource"], one.facts["current"], one.facts["limit"]) for one in refused} == {
        ("active_jobs", 7, 7)
    }
    assert len(await org.get("/jobs")) == 7


async def test_a_plan_that_was_just_changed_is_not_anothers(one_place: Core, caller: Caller) -> None:
    """Of two keys that were looked up before and after a change of the plan each is held to its own."""
    full = replace(caller, limits=replace(PLANS["pro"], max_active_jobs=0))

    made = await asyncio.gather(
        *[
            enqueue_job(one_place, by, NewJob("emails", "{}"), one_place.clock())
            for by in (caller, full, caller) * 4
        ],
        return_exceptions=True,
    )

    assert [type(one) for one in made] == [dict, QuotaExceededError, dict] * 4


async def test_a_plan_with_room_is_charged_once_for_all(
    one_place: Core, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Limited plans share a transaction too."""
    limited = replace(caller, limits=PLANS["pro"])
    begun = 0
    begin = one_place.store.transaction

    def counted(*given: object, **named: object) -> object:
        nonlocal begun
        begun += 1
        return begin(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(one_place.store, "transaction", counted)

    made = await at_once(one_place, limited, [NewJob("emails", "{}")] * 40)

    assert {type(one) for one in made} == {dict}
    assert begun == 2


async def test_one_that_waits_for_another_transaction_holds_nobody_up(
    impatient: Core, caller: Caller, database_url: str
) -> None:
    """Its idempotency key is in other hands for as long as it likes; jobs without it are made meanwhile."""
    async with await psycopg.AsyncConnection.connect(database_url) as other:
        await other.execute("SET ROLE spooled_system")
        await other.execute(
            "INSERT INTO idempotency_key (org_id, key, job_id, expires_at)"
            " VALUES (%s, 'order-1', 7, now() + interval '1 hour')",
            (caller.org_id,),
        )
        keyed = NewJob("emails", "{}", idempotency_key="order-1")
        stuck = [asyncio.ensure_future(at_once(impatient, caller, [keyed])) for _ in range(3)]
        free = asyncio.ensure_future(at_once(impatient, caller, [NewJob("emails", "{}")] * 10))

        made = await asyncio.wait_for(free, 15)

        assert {type(one) for one in made} == {dict}
        assert [one.done() for one in stuck] == [False] * 3
        await other.rollback()
        answers = [one for many in await asyncio.gather(*stuck) for one in many]

    assert [one["created"] for one in answers if isinstance(one, dict)].count(True) == 1
    assert len(answers) == 3


async def test_who_goes_does_not_undo_the_others(
    impatient: Core, caller: Caller, org: Tenant, database_url: str
) -> None:
    """A client that goes while its job is made with others costs these nothing."""
    async with await psycopg.AsyncConnection.connect(database_url) as other:
        await other.execute("LOCK TABLE job IN EXCLUSIVE MODE")
        calls = [
            asyncio.ensure_future(at_once(impatient, caller, [NewJob("emails", str(number))]))
            for number in range(5)
        ]

        async def are_held_up() -> bool:
            cursor = await other.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            return (await cursor.fetchone() or (0,))[0] >= 2

        await until(are_held_up)
        calls[2].cancel()
        await other.rollback()
    await asyncio.wait(calls)

    assert [type(calls[number].result()[0]) for number in (0, 1, 3, 4)] == [dict] * 4
    made = [job["payload"] for job in [await org.dequeue() for _ in range(6)] if job]
    assert {0, 1, 3, 4} <= set(made)
    assert len(made) == len(set(made))


async def test_a_large_payload_goes_alone(
    one_place: Core, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is slow by itself, and holds nobody up."""
    names = asked(one_place, monkeypatch)
    large = NewJob("emails", f'"{"x" * 100_000}"')

    made = await at_once(one_place, caller, [large] * 5)

    assert {type(one) for one in made} == {dict}
    assert names == ["enqueue_jobs"] * 5


async def test_each_is_told_and_delivered_once(one_place: Core, org: Tenant) -> None:
    """Who watches, and whose webhook is subscribed, hears of each job of a shared statement."""
    await org.post("/queues", {"name": "emails"}, 201)
    await subscribe(one_place, org)
    await watch(one_place, org)
    async with api_of(one_place) as api:
        there = Tenant(api.client, org.key, org.org_id)
        made = await asyncio.gather(*[there.push(priority=number) for number in range(20)])

    jobs = {job["id"] for job in made}
    assert {item["job_id"] for _, item in await streamed(one_place, org)} == jobs
    assert len(await streamed(one_place, org)) == len(jobs)
    deliveries = await told(one_place, org)
    assert Counter(name for name, _ in deliveries) == {"job.created": 20}
    assert {item["job_id"] for _, item in deliveries} == jobs


async def test_trouble_with_the_database_is_everybodys(
    one_place: Core, caller: Caller, monkeypatch: pytest.MonkeyPatch, org: Tenant
) -> None:
    """Where it is not known whether the change is committed, nothing is tried again by itself."""
    names = asked(one_place, monkeypatch)
    run = one_place.store._round_trip

    async def broken(*given: object, **how: object) -> object:
        await run(*given, **how)  # type: ignore[arg-type]
        raise psycopg.OperationalError("the line broke before the answer")

    monkeypatch.setattr(one_place.store, "_round_trip", broken)

    made = await at_once(one_place, caller, [NewJob("emails", "{}")] * 10)

    assert {one.code for one in made if isinstance(one, SpooledError)} == {"SERVICE_UNAVAILABLE"}
    assert names.count("enqueue_jobs") == 2
    monkeypatch.undo()
    assert len(await org.get("/jobs")) == 10
