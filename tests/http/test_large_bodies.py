"""Bodies are not read for nothing, and a process holds only so much of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pytest

from shared import ids
from shared.core import Core
from shared.limits.fair import Fair
from tests.support.api import Tenant
from tests.support.readers import Listening, listening
from tests.support.until import until, until_consumers_wait

JOB = orjson.dumps({"queue_name": "large", "payload": "x" * 150_000})
BLOCKS = 3
"""Of 64 KB, which such a body takes."""


@dataclass
class Client:
    """A connection whose requests go out piece by piece."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    key: str

    def begin(self, framing: str = f"Content-Length: {len(JOB)}") -> None:
        """Send the head of a push."""
        head = f"POST /api/v1/jobs HTTP/1.1\r\nHost: spooled\r\nAuthorization: Bearer {self.key}\r\n"
        self.writer.write(f"{head}{framing}\r\n\r\n".encode())

    async def answer(self) -> tuple[int, str]:
        """The status, and the headers as text."""
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 60)).decode().lower()
        await self.reader.readexactly(int(head.partition("\r\ncontent-length: ")[2].partition("\r\n")[0]))
        return int(head.split(" ")[1]), head


@asynccontextmanager
async def client(opened: Listening, org: Tenant) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", opened.port)
    yield Client(reader, writer, org.key)
    writer.close()


@pytest.fixture
def core(core: Core) -> Core:
    """A process with room for one such body, and one place."""
    rooms = Fair(places=BLOCKS, most_under_way=BLOCKS, fewest_under_way=BLOCKS, clock=lambda: 0.0)
    return replace(core, body_rooms=rooms)


async def test_a_refusal_does_not_wait_for_the_body(core: Core) -> None:
    """Where the line is too long it comes behind the head; the connection goes on behind the body."""
    time = 0.0
    crowded = replace(core, fair=Fair(places=1, most_under_way=1, clock=lambda: time))
    async with listening(crowded) as opened:
        org = await opened.api.new_tenant()
        org_id = ids.decode("org", org.org_id)
        place = await crowded.fair.take(org_id)
        standing = asyncio.create_task(crowded.fair.take(org_id, cost=1_000))
        await asyncio.sleep(0)
        time = 0.3
        crowded.fair._sweep()
        async with client(opened, org) as pushing:
            pushing.begin()
            status, head = await pushing.answer()
            place.give_up()
            (await standing).give_up()
            pushing.writer.write(JOB)
            pushing.begin()
            pushing.writer.write(JOB)
            after, _ = await pushing.answer()

    assert (status, after) == (503, 201)
    assert "\r\nretry-after: 1\r\n" in head


async def test_a_large_body_is_read_when_there_is_room(core: Core) -> None:
    """Until then it stays with its client, whatever that has sent; small ones go on meanwhile."""
    async with listening(core) as opened:
        org = await opened.api.new_tenant()
        async with client(opened, org) as slow, client(opened, org) as quick:
            slow.begin()
            slow.writer.write(JOB[:1])
            await until(lambda: _is(core.body_rooms.under_way == BLOCKS))
            quick.begin()
            quick.writer.write(JOB)
            await until(lambda: _is(core.body_rooms.in_line == 1))
            await org.push()
            slow.writer.write(JOB[1:])
            answers = [await slow.answer(), await quick.answer()]

    assert [status for status, _ in answers] == [201, 201]
    assert core.body_rooms.under_way == 0


async def test_who_finds_no_room_for_long_is_told_when_to_come_again(core: Core) -> None:
    """It is 503, and nothing was done."""
    time = 0.0
    rooms = Fair(places=BLOCKS, most_under_way=BLOCKS, fewest_under_way=BLOCKS, clock=lambda: time)
    async with listening(replace(core, body_rooms=rooms)) as opened:
        org = await opened.api.new_tenant()
        async with client(opened, org) as slow, client(opened, org) as quick:
            slow.begin()
            await until(lambda: _is(rooms.under_way == BLOCKS))
            quick.begin()
            await until(lambda: _is(rooms.in_line == 1))
            time = 60.0
            status, head = await quick.answer()

    assert status == 503
    assert "\r\nretry-after: 1\r\n" in head


async def test_who_waits_for_jobs_keeps_no_room_that_others_need(core: Core) -> None:
    """A worker that says at length how it went hears at once that there is nothing more to do."""
    rooms = Fair(places=BLOCKS, most_under_way=BLOCKS, fewest_under_way=BLOCKS)
    async with listening(replace(core, body_rooms=rooms)) as opened:
        org = await opened.api.new_tenant()
        completing = asyncio.create_task(org.post("/jobs/complete", await done_at_length(org)))
        await until(lambda: _is(rooms.under_way or completing.done()))
        pushed = await org.raw("POST", "/jobs", content=JOB)
        answer = await completing

    assert pushed.status_code == 201
    assert (answer["results"][0]["status"], answer["next"]) == ("completed", [])
    assert (rooms.under_way, rooms.in_line) == (0, 0)


async def test_who_waits_for_jobs_may_keep_some_room(core: Core) -> None:
    """While there is enough for others it is given the next job."""
    rooms = Fair(places=2 * BLOCKS, most_under_way=2 * BLOCKS, fewest_under_way=2 * BLOCKS)
    roomy = replace(core, body_rooms=rooms)
    async with listening(roomy) as opened:
        org = await opened.api.new_tenant()
        completing = asyncio.create_task(org.post("/jobs/complete", await done_at_length(org)))
        await until_consumers_wait(roomy)
        job = await org.push("next")
        answer = await completing

    assert [one["id"] for one in answer["next"]] == [job["id"]]


async def done_at_length(org: Tenant) -> dict[str, Any]:
    """What a worker says of a job that it has done, with much of a result, and that it wants another."""
    await org.push("done")
    job = await org.dequeue("done")
    following = {"queue_name": "next", "wait_seconds": 20}
    done = [{"id": job["id"], "result": "x" * 150_000}]
    return {"worker_id": "w1", "claim_next": following, "jobs": done}


async def test_a_body_of_unknown_length_has_room_for_the_largest(core: Core) -> None:
    """Small ones need none, as nobody says how long they are before they are there."""
    async with listening(core) as opened:
        org = await opened.api.new_tenant()
        async with client(opened, org) as pushing:
            pushing.begin("Transfer-Encoding: chunked")
            pushing.writer.write(b"%x\r\n%s\r\n" % (40_000, JOB[:40_000]))
            await pushing.writer.drain()
            await org.push()
            before = core.body_rooms.under_way
            pushing.writer.write(b"%x\r\n%s\r\n" % (len(JOB) - 40_000, JOB[40_000:]))
            await until(lambda: _is(core.body_rooms.under_way == BLOCKS))
            pushing.writer.write(b"0\r\n\r\n")
            status, _ = await pushing.answer()

    assert (before, status) == (0, 201)


async def _is(fact: object) -> bool:
    return bool(fact)
