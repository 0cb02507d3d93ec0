"""More than can be served: who would wait for long is refused early, nothing piles up, and it passes."""

import asyncio
import resource
import socket
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from http.client import HTTPResponse

import httpx
import psycopg
import pytest

from shared.core import Core
from shared.edge.opening import open_core
from shared.edge.process import http
from shared.edge.process.files import room_for_connections
from shared.limits.fair import Fair
from shared.settings import Settings
from tests.support.api import Tenant
from tests.support.readers import listening
from tests.support.until import until

CONNECTIONS, ARRIVALS = 2, 80
JOB = {"queue_name": "emails", "payload": {}}


@pytest.fixture
async def core(settings: Settings, own_url: str) -> AsyncIterator[Core]:
    """A process with two connections to a database of its own, and room for eight requests at a time."""
    opened = await open_core(
        settings.model_copy(update={"database_url": own_url, "database_pool_size": CONNECTIONS})
    )
    yield replace(opened, fair=Fair(most_under_way=8))
    await opened.close()


async def answers_of(org: Tenant, count: int) -> list[httpx.Response]:
    return await asyncio.gather(*(org.raw("POST", "/jobs", json=JOB) for _ in range(count)))


async def test_what_cannot_be_served_is_refused_while_it_cannot(core: Core, own_url: str) -> None:
    """Nothing is served: all but those on a connection hear 503 and when to come again, and none is there.

    When there is room again, everything is served, and each acknowledged job is there once.
    """
    async with listening(core) as opened:
        org = await opened.api.new_tenant()
        await org.push()
        async with await psycopg.AsyncConnection.connect(own_url) as blocker:
            await blocker.execute("LOCK TABLE job")
            flood = [asyncio.create_task(org.raw("POST", "/jobs", json=JOB)) for _ in range(ARRIVALS)]

            async def only_those_on_connections_wait() -> bool:
                return sum(not task.done() for task in flood) <= CONNECTIONS

            await until(only_those_on_connections_wait, 60)
            refused = [task.result() for task in flood if task.done()]
            left = core.fair.under_way, core.fair.in_line
            await blocker.rollback()
        everybody = await asyncio.gather(*flood)
        after = await answers_of(org, 20)
        pushed = [answer.json()["id"] for answer in [*everybody, *after] if answer.status_code == 201]
        found = await org.get("/jobs", {"limit": 100})

    assert {answer.status_code for answer in refused} == {503}
    assert {answer.headers["retry-after"] for answer in refused} == {"1"}
    assert left == (ARRIVALS - len(refused), 0)
    assert [answer.status_code for answer in after] == [201] * 20
    assert len(found) == len(pushed) + 1
    assert {job["id"] for job in found} > {*pushed}


async def test_one_connection_too_many_is_told_so(core: Core, caplog: pytest.LogCaptureFixture) -> None:
    """It is 503 with Retry-After, those that are open go on, and when one ends there is room again.

    The log says so, and from where it came, not once for each.
    """
    few = core.settings.model_copy(update={"max_connections": 2})
    async with listening(replace(core, settings=few)) as opened:
        port = opened.port
        first, second = (socket.create_connection(("127.0.0.1", port)) for _ in range(2))
        with closing(first), closing(second):
            assert await asked(first) == (200, None)
            assert await asked(second) == (200, None)
            with closing(socket.create_connection(("127.0.0.1", port))) as third:
                assert await asked(third) == (503, "1")
            assert caplog.text.count("connections are refused, the latest from 127.0.0.1: 2 are open") == 1
            assert await asked(first) == (200, None)

        async def is_let_in() -> bool:
            with closing(socket.create_connection(("127.0.0.1", port))) as another:
                return await asked(another) == (200, None)

        await until(is_let_in)


async def test_connections_without_use_make_room(core: Core, monkeypatch: pytest.MonkeyPatch) -> None:
    """They stay while there is room, and are closed where most of what there may be is taken."""
    monkeypatch.setattr(http, "_IDLE_SECONDS_IN_A_CROWD", 0)
    few = core.settings.model_copy(update={"max_connections": 10})
    async with listening(replace(core, settings=few)) as opened:
        idle, used = [
            [socket.create_connection(("127.0.0.1", opened.port)) for _ in range(n)] for n in (7, 2)
        ]
        for one in idle:
            assert await asked(one) == (200, None)

        async def are_gone() -> bool:
            return len(opened.server.server_state.connections) <= len(used)

        await until(are_gone)
        for one in used:
            assert await asked(one) == (200, None)
        for _ in range(10):
            await opened.server.on_tick(0)
            assert await asked(used[0]) == (200, None)
        for one in [*idle, *used]:
            one.close()


async def asked(connection: socket.socket) -> tuple[int, str | None]:
    """Status and Retry-After of a request over this connection."""
    request = b"GET /health/live HTTP/1.1\r\nHost: spooled\r\n\r\n"

    def ask() -> tuple[int, str | None]:
        connection.sendall(request)
        with HTTPResponse(connection) as answer:
            answer.begin()
            answer.read()
            return answer.status, answer.headers["retry-after"]

    return await asyncio.to_thread(ask)


def test_a_process_says_how_many_connections_it_can_have(caplog: pytest.LogCaptureFixture) -> None:
    """Where the system allows fewer files than connections are wanted, it is as many as it allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)

    assert room_for_connections(10) == 10
    if most != resource.RLIM_INFINITY:
        assert room_for_connections(most) < most
        assert "ulimit -n" in caplog.text
