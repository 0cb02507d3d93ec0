"""What becomes of the jobs of a client that is gone: killed, or no longer at the other end of the line."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from signal import SIGSTOP

from shared.core import Core
from shared.jobs.leases import recover_all
from tests.support.api import Tenant
from tests.support.clock import MovingClock
from tests.support.rpc import Rpc
from tests.support.run import ROOT
from tests.support.streams import SOON, next_of, streaming
from tests.support.until import until

SAYS_SO = "x-release-on-cancel=true"


@asynccontextmanager
async def reader(*arguments: str) -> AsyncIterator[tuple[Process, str]]:
    """A client in a process of its own, and the id of the job that it holds."""
    command = [sys.executable, "-m", "tests.support.stream_reader", *arguments]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=PIPE)
    assert process.stdout
    try:
        yield process, (await asyncio.wait_for(process.stdout.readline(), 30)).decode().strip()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_killed_client_gives_its_job_back_when_it_said_so(
    rpc_address: str, org: Tenant, core: Core
) -> None:
    """The server notices that the line is closed, and the job is there for the next worker."""
    pushed = await org.push()
    async with reader(rpc_address, org.key, SAYS_SO) as (process, held):
        process.kill()
        assert await core.streams.ended(SOON)

    assert held == pushed["id"]
    assert (await org.dequeue())["attempts"] == 1


async def test_the_job_of_a_killed_client_comes_back_when_its_lease_lapses(
    rpc: Rpc, rpc_address: str, org: Tenant, core: Core, clock: MovingClock
) -> None:
    """Until then nobody else gets it; then a stream that waits does, as the second attempt."""
    pushed = await org.push(timeout_seconds=60)
    async with reader(rpc_address, org.key) as (process, _):
        process.kill()
        assert await core.streams.ended(SOON)
    waiting = streaming(rpc)
    assert await org.dequeue() is None
    clock.advance(seconds=61)
    await recover_all(core, clock(), 1)
    clock.advance(seconds=2)

    again = await next_of(waiting)

    assert (again.id, again.retry_count) == (pushed["id"], 1)


async def test_a_client_that_hangs_is_noticed(impatient_address: str, org: Tenant) -> None:
    """A client that is at the other end of the line and says nothing, not even to a ping, is gone."""
    await org.push()
    async with reader(impatient_address, org.key, SAYS_SO) as (process, held):
        process.send_signal(SIGSTOP)

        async def is_back() -> bool:
            return bool((await org.job(held))["status"] == "pending")

        await until(is_back, 60)
