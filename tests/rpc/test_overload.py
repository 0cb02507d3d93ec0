"""More calls than can be served: who would wait for long is refused early, with the status for it."""

import asyncio
from dataclasses import replace

import grpc
import pytest

from functions.streams.app import every_method
from shared.core import Core
from shared.limits.fair import Fair
from tests.rpc.test_leaving import held_up
from tests.support.api import Tenant
from tests.support.rpc import rpc_client, rpc_served
from tests.support.until import until


async def test_a_call_that_stands_in_line_for_long_is_refused(
    core: Core, org: Tenant, database_url: str
) -> None:
    """It is UNAVAILABLE, and what is under way is answered in the end."""
    time = 0.0
    one_place = replace(core, fair=Fair(places=1, most_under_way=1, clock=lambda: time))

    async def one_stands() -> bool:
        return one_place.fair.in_line == 1

    async with rpc_served(one_place, every_method()) as address, rpc_client(address, org.key) as rpc:
        async with held_up(database_url) as one_waits:
            first = asyncio.create_task(rpc.call("Enqueue", queue_name="emails"))
            await until(one_waits)
            second = asyncio.create_task(rpc.call("Enqueue", queue_name="emails"))
            await until(one_stands)
            time = 60.0
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await second
        assert (await first).job_id

    assert refused.value.code() == grpc.StatusCode.UNAVAILABLE


async def test_one_call_too_many_is_refused(core: Core, org: Tenant, database_url: str) -> None:
    """While as many calls are open as there may be, another one is RESOURCE_EXHAUSTED at once."""
    one_call = replace(core, settings=core.settings.model_copy(update={"max_connections": 1}))
    async with rpc_served(one_call, every_method()) as address, rpc_client(address, org.key) as rpc:
        async with held_up(database_url) as one_waits:
            first = asyncio.create_task(rpc.call("Enqueue", queue_name="emails"))
            await until(one_waits)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await rpc.call("Enqueue", queue_name="emails")
        assert (await first).job_id

    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
