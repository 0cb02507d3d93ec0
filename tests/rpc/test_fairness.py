"""Calls over gRPC stand in the same lines as requests over HTTP."""

import asyncio
from dataclasses import replace

import pytest

from shared.core import Core
from shared.limits.fair import Fair
from shared.wire.proto import spooled_pb2 as pb
from tests.rpc.test_leaving import ended, held_up
from tests.support.api import Tenant
from tests.support.rpc import Rpc
from tests.support.until import until

ASKING = {"queue_name": "emails"}


@pytest.fixture
def core(core: Core) -> Core:
    """A process with one place for each organization, in which one that was active once stays so."""
    return replace(core, fair=Fair(places=1, clock=lambda: 0.0))


async def test_a_call_waits_behind_its_own_organization_alone(
    core: Core, rpc: Rpc, org: Tenant, other_org: Tenant, database_url: str
) -> None:
    """While one call is under way the next stands in line, and another organization's is answered."""
    await other_org.get("/queues")

    async def one_stands() -> bool:
        return core.fair.in_line == 1

    async with held_up(database_url) as one_waits:
        first = asyncio.create_task(org.push())
        await until(one_waits)
        second = asyncio.create_task(rpc.call("Enqueue", queue_name="emails"))
        await until(one_stands)
        await rpc.with_key(other_org.key).call("Heartbeat", worker_id="nobody")
        assert not second.done()
    job_id = (await second).job_id

    assert (await first)["id"] < job_id


async def test_a_call_that_is_cancelled_leaves_the_line(
    core: Core, rpc: Rpc, org: Tenant, other_org: Tenant, database_url: str
) -> None:
    """Nothing is made for who has gone, and the line goes on behind it."""
    await other_org.get("/queues")

    async def one_stands() -> bool:
        return core.fair.in_line == 1

    async def none_stands() -> bool:
        return core.fair.in_line == 0

    async with held_up(database_url) as one_waits:
        first = asyncio.create_task(org.push())
        await until(one_waits)
        call = rpc.open("Enqueue", pb.EnqueueRequest(queue_name="emails"))
        await until(one_stands)
        call.cancel()
        await ended(call)
        await until(none_stands)
    await first

    assert [job["id"] for job in await org.get("/jobs")] == [(await first)["id"]]
