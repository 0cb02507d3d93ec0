"""An organization has at most a hundred streams open, whatever process they are open in."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from shared.core import Core
from shared.edge.opening import open_core, open_redis
from shared.limits import open_streams
from shared.limits.open_streams import OpenStreams, StreamLimitError
from shared.settings import Settings
from tests.support.api import Tenant
from tests.support.rpc import Rpc, rpc_client
from tests.support.streams import asked, end_of, streaming
from tests.support.until import until

REFUSED = ("RESOURCE_EXHAUSTED", "streams limit reached (100/100)")


@pytest.fixture
async def other(settings: Settings) -> AsyncIterator[Core]:
    """Another process."""
    opened = await open_core(settings)
    yield opened
    await opened.close()


async def are_open(core: Core, count: int) -> None:
    async def so_many() -> bool:
        return len(core.streams) == count

    await until(so_many)


async def test_the_hundred_and_first_stream_is_refused(
    rpc: Rpc, rpc_address: str, org: Tenant, other_org: Tenant, core: Core
) -> None:
    """Both kinds count, and nothing says when to try again. Others get in, and later this one too."""
    async with rpc_client(rpc_address, org.key) as second:
        streams = [streaming(rpc) for _ in range(60)] + [streaming(second) for _ in range(39)]
        both_ways = second.open("ProcessJobs")
        await asked(both_ways, renew_lease={"job_id": "unknown"})
        await are_open(core, 100)
        one_more, another_kind = streaming(rpc), rpc.open("ProcessJobs")

        assert await end_of(one_more) == REFUSED
        assert "retry-after" not in dict(await one_more.trailing_metadata())
        assert await end_of(another_kind) == REFUSED
        streaming(rpc.with_key(other_org.key))
        await are_open(core, 101)
        both_ways.cancel()
        await are_open(core, 100)
        streaming(rpc)
        await are_open(core, 101)
        for stream in streams:
            stream.cancel()


async def test_streams_of_other_processes_count(settings: Settings, other: Core) -> None:
    """Sixty here and forty there leave no room in either; without Redis each process counts its own."""
    async with AsyncExitStack() as opened:
        one, alone = OpenStreams(lambda: open_redis(settings)), OpenStreams()
        opened.push_async_callback(one.close)
        for number in range(100):
            await opened.enter_async_context((one if number < 60 else other.streams).opened(7_001))

        for process in (one, other.streams):
            with pytest.raises(StreamLimitError, match=r"^streams limit reached \(100/100\)$"):
                await opened.enter_async_context(process.opened(7_001))
        for _ in range(100):
            await opened.enter_async_context(alone.opened(7_001))
        with pytest.raises(StreamLimitError):
            await opened.enter_async_context(alone.opened(7_001))


async def test_streams_of_a_process_that_died_are_forgotten(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a process does not say again is not counted for long."""
    monkeypatch.setattr(open_streams, "_NOTED_SECONDS", 4)
    dead, alive = (OpenStreams(lambda: open_redis(settings)) for _ in range(2))
    async with AsyncExitStack() as opened:
        for _ in range(100):
            await opened.enter_async_context(dead.opened(7_002))
        await dead.close()

        async def has_room() -> bool:
            try:
                await opened.enter_async_context(alive.opened(7_002))
            except StreamLimitError:
                return False
            return True

        assert not await has_room()
        await until(has_room)
        await opened.aclose()
    await alive.close()
    await dead.close()
