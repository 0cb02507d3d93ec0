"""Waiting for something to become true, for as long as it takes and no longer."""

import asyncio
from collections.abc import Awaitable, Callable

_LONGEST_SECONDS = 60
"""Some wait for all older transactions of the server: those of other tests too, which may fill tables."""


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = _LONGEST_SECONDS) -> None:
    """Ask again and again; TimeoutError when it never becomes true."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the database and Redis set no Event
            await asyncio.sleep(0.002)


async def until_consumers_wait(core: object, count: int = 1) -> None:
    """Until that many consumers of this process wait for a job."""
    lines = core.wakeups._lines  # type: ignore[attr-defined]

    async def are_there() -> bool:
        return sum(len(line) for line in lines.values()) >= count

    await until(are_there)
