"""The asynchronous worker of the official Python client, against the running service."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import spooled
from spooled.config import RetryConfig
from spooled.worker import AsyncSpooledWorker

from tests.support.until import until

PATIENCE_SECONDS = 60.0


@pytest.fixture
async def async_client(service_url: str, key: str) -> AsyncIterator[spooled.AsyncSpooledClient]:
    once = RetryConfig(max_retries=0)
    async with spooled.AsyncSpooledClient(api_key=key, base_url=service_url, retry=once) as opened:
        yield opened


@asynccontextmanager
async def running(
    client: spooled.AsyncSpooledClient, handler: Callable[[Any], Awaitable[Any]], **options: Any
) -> AsyncIterator[list[str]]:
    """The client's worker at work, and what it told; at the end it is stopped."""
    options = {"queue_name": "emails", "poll_interval": 0.05, "lease_duration": 5} | options
    worker = AsyncSpooledWorker(client, **options)
    worker.process(handler)
    seen: list[str] = []
    for event in ("job:completed", "job:failed", "job:lease_lost"):
        worker.on(event, lambda _data, event=event: seen.append(event))
    task = asyncio.create_task(worker.start())
    try:
        yield seen
    finally:
        await worker.stop()
        await asyncio.wait_for(task, PATIENCE_SECONDS)


async def state_of(client: spooled.AsyncSpooledClient, job_id: str) -> str:
    return str((await client.jobs.get(job_id)).status)


async def test_it_processes_fails_and_retries(async_client: spooled.AsyncSpooledClient) -> None:
    """A job that fails once is run again and completes; the worker registers, and goes when stopped."""
    made = await async_client.jobs.create({"queue_name": "emails", "payload": {"n": 4}, "max_retries": 1})

    async def handler(context: Any) -> dict[str, int]:
        assert [one.status for one in await async_client.workers.list()] == ["healthy"]
        if not context.retry_count:
            raise ValueError("not yet")
        return {"doubled": context.payload["n"] * 2}

    async def completed() -> bool:
        return await state_of(async_client, made.id) == "completed"

    async with running(async_client, handler) as seen:
        await until(completed)

    assert (await async_client.jobs.get(made.id)).result == {"doubled": 8}
    assert seen == ["job:failed", "job:completed"]
    assert await async_client.workers.list() == []


async def test_it_settles_nothing_after_losing_its_lease(async_client: spooled.AsyncSpooledClient) -> None:
    """A job that was settled under its current lease by somebody else stays as that one left it."""
    made = await async_client.jobs.create({"queue_name": "emails", "payload": {}})
    working, settled = asyncio.Event(), asyncio.Event()

    async def handler(_context: Any) -> None:
        working.set()
        await settled.wait()

    async with running(async_client, handler) as seen:
        await asyncio.wait_for(working.wait(), PATIENCE_SECONDS)
        await async_client._http.post(f"/jobs/{made.id}/fail", {"error": "taken", "no_retry": True})
        settled.set()

    job = await async_client.jobs.get(made.id)
    assert (job.status, job.last_error, job.result) == ("deadletter", "taken", None)
    assert "job:completed" not in seen


async def test_a_job_that_outlives_the_shutdown_is_given_back(
    async_client: spooled.AsyncSpooledClient,
) -> None:
    """Stopped with no patience, the worker fails its job with the reason, and another run may follow."""
    made = await async_client.jobs.create({"queue_name": "emails", "payload": {}})
    working = asyncio.Event()

    async def handler(_context: Any) -> None:
        working.set()
        await asyncio.Event().wait()

    async with running(async_client, handler, shutdown_timeout=0.1):
        await asyncio.wait_for(working.wait(), PATIENCE_SECONDS)

    job = await async_client.jobs.get(made.id)
    assert (job.status, job.last_error, job.retry_count) == ("pending", "Worker shutdown timeout", 1)
