"""One organization floods, and another does not stand behind its requests."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from shared.core import Core
from shared.limits.fair import Fair
from tests.support.api import Api, Tenant, api_of
from tests.support.readers import listening
from tests.support.until import until, until_consumers_wait

PLACES = 2


@pytest.fixture
def core(core: Core) -> Core:
    """A process in which an organization that was active once stays so, however slow the machine is."""
    return replace(core, fair=Fair(places=PLACES, clock=lambda: 0.0))


async def test_another_is_answered_before_those_in_line(org: Tenant, other_org: Tenant) -> None:
    """Of sixty requests that came first, another's waits for those under way and never for the last."""
    job, of_other = await org.push(), await other_org.push()
    order: list[str] = []

    async def ask(tenant: Tenant, job_id: str) -> None:
        await tenant.job(job_id)
        order.append(tenant.org_id)

    flood = [asyncio.create_task(ask(org, job["id"])) for _ in range(60)]
    await asyncio.gather(*flood, ask(other_org, of_other["id"]))

    assert len(order) == 61
    assert order.index(other_org.org_id) < 40


async def test_a_flood_has_its_answers(org: Tenant, other_org: Tenant) -> None:
    """Who stands in line is served: nothing is lost, and no job is made twice."""
    await other_org.push()
    pushed = await asyncio.gather(*[org.push(payload={"n": n}) for n in range(50)])
    taken = await asyncio.gather(*[org.dequeue() for _ in range(50)])

    assert {job["id"] for job in taken} == {job["id"] for job in pushed}
    assert len({job["id"] for job in pushed}) == 50


async def test_long_polls_take_no_places(core: Core, org: Tenant, other_org: Tenant) -> None:
    """More consumers wait than there are places, and what they wait for is still pushed."""
    await other_org.push()
    polls = [asyncio.create_task(org.dequeue(wait_seconds=20)) for _ in range(3 * PLACES)]
    await until_consumers_wait(core, 3 * PLACES)

    pushed = await asyncio.gather(*[org.push() for _ in polls])
    taken = await asyncio.gather(*polls)

    assert {job["id"] for job in taken} == {job["id"] for job in pushed}


async def test_trials_of_webhooks_take_no_places(org: Tenant, other_org: Tenant) -> None:
    """However long the targets take to answer, the organization goes on meanwhile."""
    await other_org.push()
    asked, answer = asyncio.Semaphore(0), asyncio.Event()

    async def target(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.release()
        await answer.wait()
        writer.close()

    async with await asyncio.start_server(target, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        webhook = {"name": "Slow", "url": f"http://127.0.0.1:{port}/", "events": ["job.created"]}
        made = await org.post("/outgoing-webhooks", webhook, 201)
        trials = [
            asyncio.create_task(org.post(f"/outgoing-webhooks/{made['id']}/test")) for _ in range(PLACES)
        ]
        for _ in trials:
            await asked.acquire()

        await asyncio.wait_for(org.push("other"), 5)

        answer.set()
        assert [tried["success"] for tried in await asyncio.gather(*trials)] == [False] * PLACES


@pytest.fixture
async def served(core: Core) -> AsyncIterator[Api]:
    """The same over real HTTP."""
    async with listening(core) as opened:
        yield opened.api


async def test_a_client_that_goes_leaves_the_line(core: Core, served: Api, database_url: str) -> None:
    """What it asked for is not done, and it is noticed before its turn comes."""
    org, other_org = await served.new_tenant(), await served.new_tenant()
    job = await org.push()
    await other_org.push()
    async with await psycopg.AsyncConnection.connect(database_url) as blocker:
        await blocker.execute("LOCK TABLE job")
        under_way = [asyncio.create_task(org.job(job["id"])) for _ in range(PLACES)]
        await until(lambda: holds(core.fair.under_way, PLACES))
        gone = open_request(str(served.client.base_url), org.key, f"/api/v1/jobs/{job['id']}", b"DELETE")
        await until(lambda: holds(core.fair.in_line, 1))
        stays = asyncio.create_task(org.job(job["id"]))
        await until(lambda: holds(core.fair.in_line, 2))
        gone.close()
        await until(lambda: holds(core.fair.in_line, 1))
        await blocker.rollback()

    assert [found["status"] for found in await asyncio.gather(*under_way, stays)] == ["pending"] * 3
    assert (await org.job(job["id"]))["status"] == "pending"


async def test_a_line_has_an_end(core: Core, database_url: str) -> None:
    """One request too many is 503 with Retry-After, and another organization's is answered."""
    bounded = replace(core, fair=Fair(places=1, most_in_line=1, clock=lambda: 0.0))
    async with api_of(bounded) as api:
        org, other_org = await api.new_tenant(), await api.new_tenant()
        await other_org.get("/queues")
        async with await psycopg.AsyncConnection.connect(database_url) as blocker:
            await blocker.execute("LOCK TABLE job")
            first = asyncio.create_task(org.push())
            await until(lambda: holds(bounded.fair.under_way, 1))
            second = asyncio.create_task(org.push())
            await until(lambda: holds(bounded.fair.in_line, 1))
            refused = await org.raw("POST", "/jobs", json={"queue_name": "emails", "payload": {}})
            other = await other_org.raw("GET", f"/organizations/{other_org.org_id}")
            await blocker.rollback()
        await asyncio.gather(first, second)

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert refused.json()["code"] == "SERVICE_UNAVAILABLE"
    assert other.status_code == 200


async def holds(found: Any, expected: Any) -> bool:
    return bool(found == expected)


def open_request(url: str, key: str, path: str, method: bytes) -> socket.socket:
    """A request that was sent, whose answer nobody reads."""
    place = urlsplit(url)
    opened = socket.create_connection((place.hostname or "", place.port or 80))
    opened.sendall(
        b"%s %s HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer %s\r\n\r\n"
        % (method, path.encode(), key.encode())
    )
    return opened
