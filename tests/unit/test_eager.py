"""The first step of a coroutine, taken at once."""

import asyncio

import pytest

from shared.edge.eager import Begun


async def waiting(future: "asyncio.Future[int]", times: int = 1) -> int:
    total = 0
    for _ in range(times):
        total += await future
    return total


async def test_what_need_not_wait_is_over_at_once() -> None:
    """Its result is there, and nothing was scheduled."""
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    future.set_result(3)

    begun = Begun(waiting(future, 2))

    assert begun.is_over
    assert await begun == 6


async def test_the_rest_is_awaited() -> None:
    """Where it has to wait, it goes on as a coroutine does that is awaited."""
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    begun = Begun(waiting(future, 2))
    assert not begun.is_over

    asyncio.get_running_loop().call_soon(future.set_result, 4)

    assert await begun == 8


async def test_it_raises_what_the_coroutine_raises() -> None:
    """At once when it fails at once, later when it fails later."""

    async def fail(first: "asyncio.Future[int] | None") -> None:
        if first is not None:
            await first
        raise LookupError

    with pytest.raises(LookupError):
        Begun(fail(None))
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    begun = Begun(fail(future))
    future.set_result(0)
    with pytest.raises(LookupError):
        await begun


async def test_it_is_told_of_a_deadline_and_may_go_on() -> None:
    """A cancellation reaches the coroutine where it waits; what it makes of it counts."""
    ends: list[str] = []

    async def stubborn(future: "asyncio.Future[int]") -> str:
        try:
            await future
        except asyncio.CancelledError:
            ends.append("told")
            await asyncio.sleep(0)
            raise
        return "unreached"

    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    begun = Begun(stubborn(future))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await begun

    assert ends == ["told"]


async def test_a_cancellation_that_comes_with_the_result_is_not_lost() -> None:
    """Who is cancelled in the very moment in which there is something to go on with ends all the same."""
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def rest() -> int:
        return await Begun(waiting(future))

    task = asyncio.create_task(rest())
    await asyncio.sleep(0)
    future.set_result(1)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
