"""A dequeue that waits in one function's process is woken by a push in another's."""

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import psycopg
import pytest
from redis.asyncio import Redis

from localstack.gateway import Gateway
from localstack.lambdas.output import LogFolder
from localstack.lambdas.pool import Lambdas
from shared.settings import Settings
from tests.support.from_tree import deployed_from_tree, installed_layer
from tests.support.lambdas import no_secrets
from tests.support.line import line_to
from tests.support.until import until

SOON = 2.0
ROUTES = {
    "POST /api/v1/organizations": "functions.organizations.create",
    "POST /api/v1/jobs": "functions.jobs.create",
    "POST /api/v1/jobs/dequeue": "functions.jobs.dequeue",
}


class Cloud:
    """The functions behind their gateway, as a client with a key sees them."""

    def __init__(self, client: httpx.AsyncClient, settings: Settings) -> None:
        self.client = client
        self.settings = settings

    async def post(self, path: str, body: Any) -> Any:
        response = await self.client.post(f"/api/v1/{path}", json=body)
        assert response.is_success, response.text
        return response.json()

    async def push(self) -> Any:
        return await self.post("jobs", {"queue": "emails", "payload": 1})

    async def dequeue(self, wait_seconds: float) -> Any:
        return await self.post("jobs/dequeue", {"queue": "emails", "wait_seconds": wait_seconds})

    async def activity(self) -> list[tuple[str, str]]:
        """State and last statement of each connection that the functions hold."""
        async with await psycopg.AsyncConnection.connect(self.settings.database_url) as looking:
            rows = await looking.execute(
                "SELECT state, query FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                " AND datname = current_database() AND backend_type = 'client backend'"
            )
            return await rows.fetchall()

    async def is_at_rest(self) -> bool:
        return {state for state, _ in await self.activity()} == {"idle"}


@asynccontextmanager
async def cloud(settings: Settings, folder: Path, *, timeout_seconds: int = 30) -> AsyncIterator[Cloud]:
    """With an organization, and both functions started once."""
    layer = folder / "layer"
    layer.mkdir()
    deployed = deployed_from_tree(ROUTES, settings, installed_layer(layer), timeout_seconds=timeout_seconds)
    async with Lambdas(deployed.functions, secrets=no_secrets, logs=LogFolder(folder / "logs")) as lambdas:
        transport = httpx.ASGITransport(Gateway(deployed, lambdas.invoke))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://api", timeout=60) as client:
            opened = Cloud(client, settings)
            slug = f"waiting-{uuid.uuid4().hex[:8]}"
            made = await opened.post("organizations", {"name": "Waiting", "slug": slug})
            client.headers["Authorization"] = f"Bearer {made['api_key']['key']}"
            await opened.push()
            assert await opened.dequeue(0)
            yield opened


@pytest.fixture(params=["shared", "none", "away"])
def without_and_with(
    request: pytest.FixtureRequest, settings: Settings, servers: Any, free_port: int
) -> Settings:
    """Settings with Redis, without it, and with one that nobody plays; over a database of the test's own."""
    redis_url = {"shared": settings.redis_url, "none": "none", "away": f"redis://127.0.0.1:{free_port}/0"}
    url = servers.new_database(f"waiting_{uuid.uuid4().hex[:8]}")
    return settings.model_copy(update={"database_url": url, "redis_url": redis_url[request.param]})


async def test_a_push_wakes_who_waits_in_another_environment(
    without_and_with: Settings, tmp_path: Path
) -> None:
    """A dequeue of 20 seconds has the job soon after the push, and holds no transaction until then."""
    async with cloud(without_and_with, tmp_path) as there:
        # Twice: the second time all environments have been frozen.
        for _ in range(2):
            waiting = asyncio.create_task(there.dequeue(20))
            await until_it_waits(there, waiting)
            job = await there.push()
            pushed = monotonic()
            taken = await waiting

            assert taken["id"] == job["id"]
            assert monotonic() - pushed < SOON


async def until_it_waits(there: Cloud, waiting: "asyncio.Task[Any]") -> None:
    """Until it has rested at twenty looks, which it does but for short moments."""
    rests = looks = 0
    while rests < 20:
        rests += await there.is_at_rest()
        looks += 1
        await asyncio.sleep(0.02)
    assert looks < 30, await there.activity()
    assert not waiting.done()


async def is_listened_to(redis: "Redis") -> bool:
    return bool(await redis.pubsub_channels("spooled:wakeups:*:emails"))


async def test_a_subscription_lasts_no_longer_than_the_wait(settings: Settings, tmp_path: Path) -> None:
    """Nothing of an environment listens while it is frozen."""
    async with cloud(settings, tmp_path) as there, Redis.from_url(settings.redis_url) as redis:
        waiting = asyncio.create_task(there.dequeue(20))
        await until(lambda: is_listened_to(redis))
        await there.push()
        await waiting

        assert not await is_listened_to(redis)


async def test_a_line_that_goes_mute_in_a_wait_is_noticed(settings: Settings, tmp_path: Path) -> None:
    """A subscription that nobody is behind any more is given up, and the database is asked instead."""
    async with AsyncExitStack() as opened:
        line = await opened.enter_async_context(line_to(settings.redis_url))
        far = settings.model_copy(update={"redis_url": line.url})
        there = await opened.enter_async_context(cloud(far, tmp_path))
        redis = await opened.enter_async_context(Redis.from_url(settings.redis_url))
        waiting = asyncio.create_task(there.dequeue(20))
        await until(lambda: is_listened_to(redis))
        line.go_mute()
        pushed = monotonic()
        job = await there.push()
        taken = await waiting

    assert taken["id"] == job["id"]
    assert monotonic() - pushed < 2 * SOON + 1


async def test_a_wait_ends_before_its_invocation(settings: Settings, tmp_path: Path) -> None:
    """Where less time is left than was asked for, the answer comes in time: nothing, and no error."""
    async with cloud(settings, tmp_path, timeout_seconds=6) as there:
        began = monotonic()

        assert await there.dequeue(20) is None
        assert 1 < monotonic() - began < 6


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
