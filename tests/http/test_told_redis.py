"""What is told of survives a Redis that is away or hangs, and no write waits for it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import orjson
import pytest
from redis.asyncio import Redis

from functions.app import every_function
from localstack.redis import running_redis
from shared import ids
from shared.core import Core
from shared.edge.opening import open_core
from shared.edge.service import Service
from shared.events import shared_outgoing as outgoing
from shared.events.channel import stream_of
from shared.settings import Settings
from tests.support.api import Api, Tenant
from tests.support.line import line_to
from tests.support.until import until
from tests.support.watching import open_frozen, watch

OPEN = {"living": open_core, "frozen": open_frozen}
PATIENCE_SECONDS = 0.9
"""A write that waited for a Redis that hangs would take longer."""


@pytest.fixture(params=list(OPEN))
def kind(request: pytest.FixtureRequest) -> str:
    """A process that lives long, and a Lambda environment."""
    return str(request.param)


@asynccontextmanager
async def watched(settings: Settings, redis_url: str, kind: str) -> AsyncIterator[tuple[Core, Tenant]]:
    """A process over this Redis, and an organization that is watched and has the queue `emails`."""
    core = await OPEN[kind](settings.model_copy(update={"redis_url": redis_url}))

    async def opened() -> Core:
        return core

    transport = httpx.ASGITransport(Service(every_function()[0], opened))
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://spooled") as client:
            org = await Api(client).new_tenant()
            await org.post("/queues", {"name": "emails"}, 201)
            await watch(core, org)
            yield core, org
    finally:
        await core.close()


async def priorities(redis_url: str, org: Tenant) -> list[int]:
    """The priorities of the jobs in the organization's stream, in order."""
    async with Redis.from_url(redis_url) as redis:
        entries = await redis.xrange(stream_of(ids.decode("org", org.org_id)))
    return [orjson.loads(entry[b"d"])["priority"] for _, entry in entries]


def have_come(core: Core, redis_url: str, org: Tenant, numbers: list[int]) -> Callable[[], Any]:
    """Whether exactly these jobs are told of, in their order."""

    async def are_there() -> bool:
        await core.wakeups.outgoing.flush()
        return await priorities(redis_url, org) == numbers

    return are_there


async def slowest_push(org: Tenant, numbers: range) -> float:
    """The longest that one of the pushes took, in seconds."""
    slowest = 0.0
    for number in numbers:
        began = monotonic()
        await org.push(priority=number)
        slowest = max(slowest, monotonic() - began)
    return slowest


async def test_what_happened_while_redis_was_away_is_told_when_it_is_back(
    settings: Settings, tmp_path: Path, kind: str
) -> None:
    """Once each, in order; meanwhile every write is answered at once."""
    with running_redis(tmp_path) as url:
        async with watched(settings, url, kind) as (core, org):
            await org.push(priority=0)
            await until(have_come(core, url, org, [0]))
    async with watched(settings, url, kind) as (core, org):
        slowest = await slowest_push(org, range(1, 30))
        with running_redis(tmp_path):
            await until(have_come(core, url, org, list(range(1, 30))))

    assert slowest < PATIENCE_SECONDS


async def test_a_redis_that_goes_under_a_running_process_loses_nothing(
    settings: Settings, tmp_path: Path, kind: str
) -> None:
    """The lines break while things happen; what was on its way comes once Redis is back."""
    with running_redis(tmp_path) as url:
        pass
    async with watched(settings, url, kind) as (core, org):
        with running_redis(tmp_path):
            await slowest_push(org, range(10))
            await until(have_come(core, url, org, list(range(10))))
            pushing = asyncio.create_task(slowest_push(org, range(10, 40)))
        slowest = await pushing
        with running_redis(tmp_path):
            await until(have_come(core, url, org, list(range(40))))

    assert slowest < PATIENCE_SECONDS


async def test_no_write_waits_for_a_redis_that_hangs(
    settings: Settings, tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Each is answered at once, and told of once Redis answers again; the log says what Redis does."""
    with running_redis(tmp_path) as url:
        async with watched(settings, url, kind) as (core, org), Redis.from_url(url) as operator:
            await org.push(priority=0)
            await until(have_come(core, url, org, [0]))
            await operator.execute_command("CLIENT", "PAUSE", 3000, "ALL")
            began = monotonic()
            slowest = await slowest_push(org, range(1, 20))
            assert monotonic() - began < 3
            await until(have_come(core, url, org, list(range(20))))

    said = [record.getMessage() for record in caplog.records]
    assert slowest < PATIENCE_SECONDS
    assert "other processes are not told: TimeoutError" in said
    assert [words for words in said if words.endswith(": ")] == []


async def test_what_came_though_its_answer_was_lost_is_not_told_twice(
    settings: Settings, redis_url: str, kind: str
) -> None:
    """A line that dies between the call and its answer repeats nothing, and loses nothing behind it."""
    async with (
        line_to(redis_url) as line,
        watched(settings, line.url, kind) as (core, org),
    ):
        await org.push(priority=0)
        await until(have_come(core, redis_url, org, [0]))
        line.lose_answers()
        await slowest_push(org, range(1, 20))
        await until(have_come(core, redis_url, org, list(range(20))))
        await org.push(priority=20)
        await until(have_come(core, redis_url, org, list(range(21))))


async def test_what_waits_for_redis_is_bounded(
    settings: Settings, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    """The oldest goes first, which the log says once; the rest is told when Redis is back."""
    monkeypatch.setattr(outgoing, "_LONGEST_BACKLOG", 10)
    with running_redis(tmp_path) as url:
        pass
    async with watched(settings, url, kind) as (core, org):
        with caplog.at_level(logging.INFO, "spooled.wakeups"):
            await slowest_push(org, range(30))
            with running_redis(tmp_path):
                await until(have_come(core, url, org, list(range(20, 30))))

    said = [record.getMessage() for record in caplog.records]
    assert said.count("events are lost: more than 10 wait for Redis") == 1
    assert said.count("other processes are told again") == 1
    assert sum(words.startswith("other processes are not told") for words in said) == 1


async def test_a_batch_larger_than_one_call_is_told_whole(
    settings: Settings, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes out in parts, all of them before a process that then stands still has answered."""
    monkeypatch.setattr(outgoing, "_MOST_AT_ONCE", 7)
    with running_redis(tmp_path) as url:
        async with watched(settings, url, kind) as (core, org):
            jobs = [{"payload": {}, "priority": number} for number in range(100)]
            await org.post("/jobs/bulk", {"queue_name": "emails", "jobs": jobs})
            if kind == "frozen":
                assert await priorities(url, org) == list(range(100))
            await until(have_come(core, url, org, list(range(100))))


async def test_a_write_makes_one_call_at_most(settings: Settings, tmp_path: Path, kind: str) -> None:
    """Wake-ups and what is told go together; a change that concerns nobody asks nothing of Redis."""
    with running_redis(tmp_path) as url:
        async with watched(settings, url, kind) as (core, org), Redis.from_url(url) as operator:
            other = await Api(org.client).new_tenant()
            await other.post(
                "/workers/register", {"worker_id": other.org_id, "queue_name": "q", "hostname": "h"}, 201
            )
            calls = counting(core)

            await other.post(f"/workers/{other.org_id}/heartbeat", {"current_jobs": 1})
            await core.wakeups.outgoing.flush()
            silent = len(calls)
            await org.push(priority=1)
            await until(have_come(core, url, org, [1]))
            told = len(calls)

            assert (silent, told) == (0, 1)
            ttl = await operator.ttl(stream_of(ids.decode("org", org.org_id)))
            assert 3500 < ttl <= 3600


def counting(core: Core) -> list[int]:
    """Grows by one with each call that tells the others something."""
    calls: list[int] = []
    client = core.wakeups.outgoing._client()
    pipeline = client.pipeline

    def counted(**options: Any) -> Any:
        calls.append(1)
        return pipeline(**options)

    client.pipeline = counted
    return calls


async def test_a_result_that_no_reader_is_told_of_is_not_sent(
    settings: Settings, tmp_path: Path, kind: str
) -> None:
    """What a stream holds is bounded: a large result stays in its job, a small one comes as it was given."""
    with running_redis(tmp_path) as url:
        async with watched(settings, url, kind) as (core, org):
            for result in ("x" * 20_000, {"big": 2**70}):
                await org.push()
                job = await org.dequeue()
                await org.post(f"/jobs/{job['id']}/complete", {"result": result})
            await core.wakeups.outgoing.flush()

            async def told() -> list[dict[bytes, bytes]]:
                async with Redis.from_url(url) as redis:
                    entries = await redis.xrange(stream_of(ids.decode("org", org.org_id)))
                return [entry for _, entry in entries if entry[b"n"] == b'["job.completed"]']

            async def are_there() -> bool:
                return len(await told()) == 2

            await until(are_there)
            large, small = await told()

    assert orjson.loads(large[b"d"])["result"] is None
    assert len(large[b"d"]) < 1000
    assert str(2**70).encode() in small[b"d"]
