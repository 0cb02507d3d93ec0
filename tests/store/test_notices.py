"""What a statement tells is passed on once its transaction is committed, and never when it was undone."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import replace
from typing import Any

import orjson
import psycopg
import pytest

from shared.errors import SpooledError
from shared.settings import Settings
from shared.store import SYSTEM, PooledConnections, Query, Scope, SingleConnection, Statement, Store, tenant
from tests.support.servers import Servers

A, B, UNWATCHED = 1, 2, 3
TELL = Query(
    "tell",
    "SELECT tell(%(org_id)s, %(names)s::text[], ARRAY[json_build_object('n', %(n)s::text)], now()) AS told",
    hot=False,
)
TELL_MANY = Query(
    "tell_many",
    "SELECT tell(%(org_id)s, '{job.created}',"
    " array_agg(json_build_object('n', n, 'more', repeat('x', 5000))), now()) AS told"
    " FROM generate_series(1, 1000) AS n",
    hot=False,
)
TELL_AND_CLASH = Query("tell_and_clash", "SELECT tell_and_clash(%(org_id)s)", hot=False)
TELL_AND_FAIL_LATER = Query(
    "tell_and_fail_later",
    "INSERT INTO late_refusal (told) SELECT tell(%(org_id)s, '{job.created}', '{\"{}\"}', now())",
    hot=False,
)
GRUMBLE = Query("grumble", "SELECT grumble()", hot=False)
FAIL = Query("fail", "SELECT 1 / 0", hot=False)


@pytest.fixture(scope="module")
def url(servers: Servers) -> str:
    """A database in which two organizations are watched, and which hides notices unless told otherwise."""
    made = servers.new_database(f"notices_{uuid.uuid4().hex[:8]}")
    with psycopg.connect(made, autocommit=True) as owner:
        owner.execute(
            "INSERT INTO organization (org_id, name, slug, plan_tier, created_at, updated_at)"
            " SELECT n, 'x', 'org-' || n, 'enterprise', now(), now() FROM generate_series(1, 3) AS n"
        )
        owner.execute(
            "INSERT INTO watch (org_id, until) SELECT n, 'infinity' FROM generate_series(1, 2) AS n"
        )
        owner.execute("CREATE SEQUENCE tries")
        owner.execute(
            "CREATE FUNCTION tell_and_clash(org bigint) RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
            " PERFORM tell(org, '{job.created}', ARRAY[json_build_object('try', nextval('tries'))], now());"
            " IF currval('tries') < 3 THEN RAISE deadlock_detected; END IF; END $$"
        )
        owner.execute(
            "CREATE TABLE late_refusal (told bigint, n int DEFAULT 1 UNIQUE DEFERRABLE INITIALLY DEFERRED)"
        )
        owner.execute("INSERT INTO late_refusal VALUES (0)")
        owner.execute(
            "CREATE FUNCTION grumble() RETURNS void LANGUAGE plpgsql SET client_min_messages = notice"
            " AS $$ BEGIN RAISE NOTICE 'not for passing on'; END $$"
        )
        owner.execute("GRANT ALL ON late_refusal, tries TO spooled_system, spooled_app")
        owner.execute("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET client_min_messages = error',"
                      " current_database()); END $$")  # fmt: skip
    return made


class Told(list[dict[str, Any]]):
    """What was passed on, read."""

    def take(self, texts: Sequence[str]) -> None:
        for notice in map(orjson.loads, texts):
            self.append(notice | {"items": [orjson.loads(item) for item in notice["items"]]})

    @property
    def numbers(self) -> list[str]:
        return [item["n"] for notice in self for item in notice["items"]]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture(params=["pooled", "single"])
async def store(
    request: pytest.FixtureRequest, settings: Settings, url: str, told: Told
) -> AsyncIterator[Store]:
    """The store of a long-lived process, and that of a Lambda environment."""
    here = settings.model_copy(update={"database_url": url})
    connections = await PooledConnections.open(here) if request.param == "pooled" else SingleConnection(here)
    opened = Store(connections, statement_timeout_ms=30_000, pass_on=told.take)
    yield opened
    await opened.close()


def telling(org_id: int, n: object, *names: str) -> Statement:
    return Statement(TELL, {"org_id": org_id, "n": str(n), "names": list(names or ("job.created",))})


@pytest.mark.parametrize("scope", [tenant(A), SYSTEM], ids=["tenant", "system"])
async def test_what_a_statement_tells_is_passed_on(store: Store, told: Told, scope: Scope) -> None:
    """Whose it is, what happened and its data; whoever runs it, though the database hides notices."""
    statement = telling(A, 1, "job.failed", "job.deadlettered")
    await store.fetch(scope, statement.query, **statement.parameters)

    (notice,) = told
    assert (notice["org"], notice["kept"]) == (A, False)
    assert notice["names"] == ["job.failed", "job.deadlettered"]
    assert notice["items"] == [{"n": "1"}]
    assert notice["at"].endswith("Z")


async def test_statements_of_one_transaction_are_passed_on_in_order(store: Store, told: Told) -> None:
    """In one round trip or many; nothing before the commit."""
    await store.fetch_each(tenant(A), [telling(A, 1), telling(A, 2)])
    async with store.transaction(tenant(A)) as transaction:
        await transaction.fetch(TELL, org_id=A, n="3", names=["x"])
        await transaction.fetch_each([telling(A, 4), telling(A, 5)])
        assert told.numbers == ["1", "2"]

    assert told.numbers == ["1", "2", "3", "4", "5"]


async def test_a_large_batch_is_passed_on_whole(store: Store, told: Told) -> None:
    """A thousand changes of five kilobytes each come whole, in order."""
    await store.fetch(tenant(A), TELL_MANY, org_id=A)

    assert told.numbers == list(range(1, 1001))


async def test_what_is_undone_is_not_passed_on(store: Store, told: Told) -> None:
    """Neither what a failed statement undoes, nor what is undone by whoever runs the transaction."""

    async def undone_by_a_statement() -> None:
        await store.fetch_each(tenant(A), [telling(A, 1), Statement(FAIL, {})])

    async def undone_within() -> None:
        async with store.transaction(tenant(A)) as transaction:
            await transaction.fetch(TELL, org_id=A, n="1", names=["x"])
            raise ZeroDivisionError

    async def undone_at_the_commit() -> None:
        await store.fetch(tenant(A), TELL_AND_FAIL_LATER, org_id=A)

    async def undone_at_the_end() -> None:
        async with store.transaction(tenant(A)) as transaction:
            await transaction.fetch(TELL_AND_FAIL_LATER, org_id=A)

    async def undone_without_a_word() -> None:
        async with store.transaction(tenant(A)) as transaction:
            await transaction.fetch(TELL, org_id=A, n="1", names=["x"])
            with pytest.raises(SpooledError):
                await transaction.fetch(FAIL)

    for undone in (undone_by_a_statement, undone_at_the_commit, undone_at_the_end):
        with pytest.raises(SpooledError):
            await undone()
    with pytest.raises(ZeroDivisionError):
        await undone_within()
    await undone_without_a_word()

    assert told == []
    await store.fetch(tenant(A), TELL, org_id=A, n="after", names=["x"])
    assert told.numbers == ["after"]


async def test_a_cancelled_request_passes_nothing_on(store: Store, told: Told) -> None:
    """What a transaction told before its task was cancelled does not come with a later one."""
    is_told = asyncio.Event()

    async def cancelled() -> None:
        async with store.transaction(tenant(A)) as transaction:
            await transaction.fetch(TELL, org_id=A, n="1", names=["x"])
            is_told.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(cancelled())
    await is_told.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await store.fetch(tenant(A), TELL, org_id=A, n="2", names=["x"])

    assert told.numbers == ["2"]


async def test_what_is_run_again_is_passed_on_once(store: Store, told: Told, url: str) -> None:
    """A transaction that the database undid and that then held tells what it did the last time."""
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("ALTER SEQUENCE tries RESTART")

    await store.fetch(tenant(A), TELL_AND_CLASH, org_id=A)

    assert [notice["items"] for notice in told] == [[{"try": 3}]]


async def test_transactions_at_once_keep_theirs_apart(store: Store, told: Told) -> None:
    """Each of many at once is passed on, once, in the name of its organization."""
    statements = [telling(A if n % 2 else B, n) for n in range(60)]

    await asyncio.gather(*(store.fetch_each(tenant(one.parameters["org_id"]), [one]) for one in statements))

    passed_on = sorted((notice["org"], notice["items"][0]["n"]) for notice in told)
    assert passed_on == sorted((A if n % 2 else B, str(n)) for n in range(60))


async def test_transactions_of_one_message_tell_each_its_own(store: Store, told: Told) -> None:
    """Those that travel together and hold are heard, each as its organization's; the failed ones are not."""
    tell, fail = replace(TELL, hot=True), replace(FAIL, hot=True)

    def one(n: int) -> Awaitable[object]:
        org_id = A if n % 2 else B
        telling = Statement(tell, {"org_id": org_id, "n": str(n), "names": ["job.created"]})
        failing = [] if n % 5 else [Statement(fail, {})]
        return store.fetch_each(tenant(org_id), [telling, *failing], quick=True)

    done = await asyncio.gather(*[one(n) for n in range(40)], return_exceptions=True)

    assert [n for n, rows in enumerate(done) if isinstance(rows, SpooledError)] == list(range(0, 40, 5))
    passed_on = sorted((int(item["n"]), notice["org"]) for notice in told for item in notice["items"])
    assert passed_on == [(n, A if n % 2 else B) for n in range(40) if n % 5]


async def test_nobody_is_told_where_nobody_watches(store: Store, told: Told, url: str) -> None:
    """Another organization's reader, or one that has gone, is none."""
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("INSERT INTO watch (org_id, until) VALUES (3, now()) ON CONFLICT DO NOTHING")

    await store.fetch(tenant(UNWATCHED), TELL, org_id=UNWATCHED, n="1", names=["x"])

    assert told == []


async def test_other_notices_are_not_passed_on(store: Store, told: Told) -> None:
    """What the database says for other reasons is not told."""
    await store.fetch_each(tenant(A), [Statement(GRUMBLE, {}), telling(A, 1)])

    assert told.numbers == ["1"]


async def test_a_sink_that_fails_undoes_nothing(settings: Settings, url: str) -> None:
    """The change is committed: whatever goes wrong behind it, its caller has the rows."""

    def broken(_told: Sequence[str]) -> None:
        raise ZeroDivisionError

    store = Store(
        SingleConnection(settings.model_copy(update={"database_url": url})),
        statement_timeout_ms=30_000,
        pass_on=broken,
    )
    statement = telling(A, 1)

    assert await store.fetch(tenant(A), statement.query, **statement.parameters) == [{"told": 0}]
    await store.close()
