"""Who waits in a line is handed what it was promised, or stands where it stood."""

import asyncio
from typing import Any

import pytest

from shared.events.line import Line, Waiter
from tests.support.until import until


async def resting(line: Line, seconds: float | None = None) -> tuple[Waiter, "asyncio.Task[Any]"]:
    """One who stands in the line and rests."""
    waiter = line.enter("a wish")
    waiter.stand()
    rest = asyncio.create_task(waiter.rest(seconds))
    await asyncio.sleep(0)
    assert waiter.rests
    return waiter, rest


async def rests_no_more(waiter: Waiter) -> bool:
    return not waiter.rests


async def test_a_promise_outlasts_the_wait() -> None:
    """Whose time is up waits for what is on its way to it."""
    waiter, rest = await resting(Line(), 0.001)
    waiter.promise()
    await until(lambda: rests_no_more(waiter))

    assert not rest.done()
    assert waiter.hand("a job")
    assert await rest == "a job"


async def test_a_promise_that_comes_to_nothing_ends_the_wait_whose_time_is_up() -> None:
    """It has nothing, and stands in the line as before."""
    line = Line()
    waiter, rest = await resting(line, 0.001)
    waiter.promise()
    await until(lambda: rests_no_more(waiter))
    waiter.disappoint()

    assert await rest is None
    assert line.first() is waiter


async def test_who_is_disappointed_rests_on_in_its_place() -> None:
    """Nobody who came later is before it, and the next call is for it."""
    line = Line()
    first, rest = await resting(line)
    _, other_rest = await resting(line)
    first.promise()
    assert line.first() is not first
    first.disappoint()
    line.call(1)

    assert await rest is None
    assert not other_rest.done()
    other_rest.cancel()


async def test_who_was_handed_something_passes_no_call_on() -> None:
    """The next in the line is woken for what is there for it alone."""
    line = Line()
    first, rest = await resting(line)
    second, other_rest = await resting(line)
    assert second.is_lookout()
    first.promise()
    first.hand("a job")
    assert await rest == "a job"
    line.leave(first)

    assert not second.woken.is_set()
    other_rest.cancel()


@pytest.mark.parametrize("is_late", [False, True])
async def test_who_goes_is_handed_nothing(is_late: bool) -> None:  # noqa: FBT001 - as pytest has it
    """Who hands something over to one who has gone is told so."""
    waiter, rest = await resting(Line(), 0.001 if is_late else None)
    waiter.promise()
    if is_late:
        await until(lambda: rests_no_more(waiter))
    rest.cancel()
    with pytest.raises(asyncio.CancelledError):
        await rest

    assert waiter.let_go() is None
    assert not waiter.hand("a job")
    waiter.disappoint()
    assert waiter.line.first() is None


async def test_what_came_in_the_moment_of_going_can_be_taken_back() -> None:
    """Handed over, and not had: it is there for whoever gives it back."""
    waiter, rest = await resting(Line())
    waiter.promise()
    assert waiter.hand("a job")
    rest.cancel()
    with pytest.raises(asyncio.CancelledError):
        await rest

    assert waiter.let_go() == "a job"


async def test_who_is_disappointed_looks_when_nobody_else_does() -> None:
    """The lookout went while the other stood in no line: who comes back to it is woken, to be the next."""
    line = Line()
    first, first_rest = await resting(line)
    first.is_lookout()
    second, rest = await resting(line)
    first.promise()
    second.promise()
    first.hand("a job")
    await first_rest
    line.leave(first)
    second.disappoint()

    assert await asyncio.wait_for(rest, 5) is None
    assert second.is_lookout()
