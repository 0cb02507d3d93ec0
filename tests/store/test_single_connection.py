"""The one connection of an environment: kept while it is sound, else replaced, and nothing runs twice."""

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator
from time import monotonic
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from shared.errors import UnavailableError
from shared.settings import Settings
from shared.store import SYSTEM, Query, SingleConnection, Statement, Store, tenant
from shared.store import store as store_module
from tests.support.line import Line, line_to
from tests.support.until import until

ME = Query("me", "SELECT pg_backend_pid() AS pid", hot=False)
NAP = Query("nap", "SELECT pg_sleep(60)", hot=False)
ADD = Query("add", "INSERT INTO connection_note (note) VALUES (%(note)s) RETURNING note", hot=False)
COUNT = Query("count", "SELECT count(*) AS n FROM connection_note WHERE note = %(note)s", hot=False)
ALL = Query("all", "SELECT * FROM connection_note WHERE note = %(note)s", hot=False)
SCOPE = Query("scope", "SELECT current_setting('spooled.org_id') AS org, pg_sleep(0.001) IS NULL", hot=False)


class Clock:
    """A wall clock that a freeze moves."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def url(servers) -> str:  # type: ignore[no-untyped-def]
    """A database of these tests' own, which they take writing away from."""
    made: str = servers.new_database(f"single_{uuid.uuid4().hex[:8]}")
    with psycopg.connect(made, autocommit=True) as owner:
        owner.execute("CREATE TABLE connection_note (note text)")
        owner.execute("GRANT ALL ON connection_note TO spooled_system, spooled_app")
    return made


def quick(settings: Settings, url: str, **changes: object) -> Settings:
    return settings.model_copy(update={"database_url": url, "connect_timeout_seconds": 2, **changes})


@pytest.fixture
async def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(settings: Settings, url: str, clock: Clock) -> AsyncIterator[Store]:
    opened = Store(SingleConnection(quick(settings, url), clock), statement_timeout_ms=30_000)
    yield opened
    await opened.close()


@pytest.fixture
async def line(url: str) -> AsyncIterator[Line]:
    async with line_to(url) as opened:
        yield opened


@pytest.fixture
async def distant(settings: Settings, line: Line, clock: Clock) -> AsyncIterator[Store]:
    """The store over a line that may fail."""
    opened = Store(SingleConnection(quick(settings, line.url), clock), statement_timeout_ms=30_000)
    yield opened
    await opened.close()


async def pid_of(store: Store) -> int:
    row = await store.fetch_one(SYSTEM, ME)
    assert row is not None
    return int(row["pid"])


async def noted(store: Store, note: str) -> int:
    row = await store.fetch_one(SYSTEM, COUNT, note=note)
    assert row is not None
    return int(row["n"])


async def terminate(url: str, pid: int) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as other:
        await other.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))


async def test_it_is_opened_once_and_kept(distant: Store, line: Line) -> None:
    """One use after the other runs on the same connection."""
    assert len({await pid_of(distant) for _ in range(5)}) == 1
    assert line.opened == 1


async def test_a_killed_connection_is_replaced_before_anything_is_sent(store: Store, url: str) -> None:
    """A write on a connection that the server closed while it was idle runs, once."""
    pid = await pid_of(store)
    await terminate(url, pid)

    note = uuid.uuid4().hex
    await store.fetch(SYSTEM, ADD, note=note)

    assert await noted(store, note) == 1
    assert await pid_of(store) != pid


async def test_a_transaction_too_begins_on_a_sound_connection(store: Store, url: str) -> None:
    """Several statements in one transaction fare as one does."""
    await terminate(url, await pid_of(store))

    note = uuid.uuid4().hex
    async with store.transaction(SYSTEM) as transaction:
        await transaction.fetch(ADD, note=note)
        await transaction.fetch(ADD, note=note)

    assert await noted(store, note) == 2


async def test_a_statement_cut_off_at_work_is_not_run_again(store: Store, url: str) -> None:
    """Whether it took effect is unknown: the caller is told to try again, and the next one is served."""
    pid = await pid_of(store)
    note = uuid.uuid4().hex
    work = asyncio.ensure_future(
        store.fetch_each(SYSTEM, [Statement(ADD, {"note": note}), Statement(NAP, {})])
    )
    await until(lambda: _is_napping(url))
    await terminate(url, pid)

    with pytest.raises(UnavailableError):
        await work
    assert await noted(store, note) == 0
    assert await pid_of(store) != pid


async def test_a_transaction_cut_off_between_its_statements_is_undone(store: Store, url: str) -> None:
    """What a transaction did before its connection was killed is gone, and the next one is served."""
    note = uuid.uuid4().hex

    async def cut_off() -> None:
        async with store.transaction(SYSTEM) as transaction:
            await transaction.fetch(ADD, note=note)
            await terminate(url, (await transaction.fetch(ME))[0]["pid"])
            await transaction.fetch(ADD, note=note)

    with pytest.raises(UnavailableError):
        await cut_off()
    assert await noted(store, note) == 0


async def test_a_mute_connection_is_noticed_after_a_freeze(distant: Store, line: Line, clock: Clock) -> None:
    """After a long pause the server is asked first, briefly: a write over a dead line runs, once."""
    await pid_of(distant)
    line.go_mute()
    clock.now += 300

    began = monotonic()
    note = uuid.uuid4().hex
    await distant.fetch(SYSTEM, ADD, note=note)

    assert monotonic() - began < 5
    assert (await noted(distant, note), line.opened) == (1, 2)


async def test_a_connection_that_is_sound_after_a_freeze_is_kept(
    distant: Store, line: Line, clock: Clock
) -> None:
    """The question after a long pause costs no connection; nor does a clock that is set back."""
    await pid_of(distant)
    for step in (300, -900):
        clock.now += step
        await pid_of(distant)

    assert line.opened == 1


async def test_a_mute_connection_in_use_is_given_up(
    distant: Store, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that says nothing for longer than a statement may run is gone: an answer, not a hang."""
    monkeypatch.setattr(store_module, "_patience", lambda *_: 0.2)
    await pid_of(distant)
    line.go_mute()

    began = monotonic()
    with pytest.raises(UnavailableError):
        await distant.fetch(SYSTEM, ME)

    assert monotonic() - began < 5
    await pid_of(distant)


async def test_the_network_bounds_a_dead_peer(settings: Settings, url: str) -> None:
    """The kernel gives up a peer that acknowledges nothing for the connect timeout, and probes."""
    single = SingleConnection(quick(settings, url))
    async with single.lease() as connection:
        with socket.socket(fileno=socket.dup(connection.fileno())) as line:
            probing = line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            patience = line.getsockopt(socket.IPPROTO_TCP, getattr(socket, "TCP_USER_TIMEOUT", 18))
            idle = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
    await single.close()

    assert (probing, patience, idle) == (1, 2000, 5)


async def test_a_server_that_cannot_be_reached_is_503_at_once(settings: Settings, free_port: int) -> None:
    """No connection to be had: the caller is told to try again."""
    nowhere = quick(settings, f"postgresql://nobody@127.0.0.1:{free_port}/none")
    with pytest.raises(UnavailableError) as refused:
        await Store(SingleConnection(nowhere), statement_timeout_ms=30_000).fetch(SYSTEM, ME)

    assert refused.value.status == 503


async def test_a_demoted_writer_is_left(store: Store, url: str) -> None:
    """A server that only reads now refused the write whole: it runs again, once, on a new connection."""
    await _read_only(url, on=True)
    try:
        demoted = await pid_of(store)
        await _read_only(url, on=False)
        note = uuid.uuid4().hex
        await store.fetch(SYSTEM, ADD, note=note)

        assert await noted(store, note) == 1
        assert await pid_of(store) != demoted
    finally:
        await _read_only(url, on=False)


async def test_where_nobody_writes_the_caller_is_told_to_try_again(store: Store, url: str) -> None:
    """While the name still leads to the demoted server a write is 503, one in a transaction too."""
    await _read_only(url, on=True)
    try:
        with pytest.raises(UnavailableError):
            await store.fetch(SYSTEM, ADD, note="never")
        with pytest.raises(UnavailableError):
            async with store.transaction(SYSTEM) as transaction:
                await transaction.fetch(ADD, note="never")
    finally:
        await _read_only(url, on=False)

    async with store.transaction(SYSTEM) as transaction:
        await transaction.fetch(ADD, note="at last")
    assert (await noted(store, "never"), await noted(store, "at last")) == (0, 1)


async def test_a_schema_that_changed_meets_no_prepared_statement(store: Store, url: str) -> None:
    """A column that a migration adds breaks no statement that was prepared before it."""
    note = uuid.uuid4().hex
    await store.fetch(SYSTEM, ADD, note=note)
    for _ in range(8):
        await store.fetch(SYSTEM, ALL, note=note)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as owner:
        await owner.execute("ALTER TABLE connection_note ADD COLUMN more text")

    assert await store.fetch(SYSTEM, ALL, note=note) == [{"note": note, "more": None}]


async def test_tasks_of_one_invocation_take_turns(store: Store) -> None:
    """Statements that run side by side never share a transaction, nor another organization's scope."""
    rows = await asyncio.gather(*(store.fetch_one(tenant(n), SCOPE) for n in range(1, 60)))

    assert [row and row["org"] for row in rows] == [str(n) for n in range(1, 60)]


async def test_a_transaction_within_a_transaction_is_an_error(store: Store) -> None:
    """There is one connection: asking for a second one in the same task fails and does not hang."""
    with pytest.raises(RuntimeError, match="one connection"):
        async with store.transaction(SYSTEM):
            await store.fetch(SYSTEM, ME)

    assert await pid_of(store)


async def test_a_frozen_transaction_is_ended_by_the_server(
    store: Store, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that stands still between two statements holds no locks for long; thawed, it starts anew."""
    short = store_module._LIMIT_IDLING.replace(b"10s", b"100ms")
    assert short != store_module._LIMIT_IDLING
    monkeypatch.setattr(store_module, "_LIMIT_IDLING", short)

    note = uuid.uuid4().hex

    async def frozen() -> None:
        async with store.transaction(SYSTEM) as transaction:
            await transaction.fetch(ADD, note=note)
            [me] = await transaction.fetch(ME)
            await until(lambda: _is_gone(url, me["pid"]))
            await transaction.fetch(ADD, note=note)

    with pytest.raises(UnavailableError):
        await frozen()
    assert await noted(store, note) == 0


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


async def _is_napping(url: str) -> bool:
    return await _activity(url, "wait_event = 'PgSleep' AND 0 <> %s", 1) > 0


async def _is_gone(url: str, pid: int) -> bool:
    return await _activity(url, "pid = %s", pid) == 0


async def _activity(url: str, condition: LiteralString, value: int) -> int:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as watcher:
        cursor = await watcher.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND " + condition,
            (value,),
        )
        return int((await cursor.fetchone() or (0,))[0])


async def _read_only(url: str, *, on: bool) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as owner:
        await owner.execute("SET default_transaction_read_only = off")
        name = sql.Identifier(owner.info.dbname)
        state = sql.SQL("on" if on else "off")
        await owner.execute(
            sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}").format(name, state)
        )
