"""Who goes alone, who goes with others, and that nobody suffers from his company."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import pytest

from shared import together
from shared.errors import ConflictError, FaultError, UnavailableError
from shared.together import Kind, Together
from tests.support.until import until


class Work:
    """Doubles numbers, each run when the test lets it go on."""

    def __init__(self, apart: Callable[[int], Hashable] = lambda _: None) -> None:
        self.runs: list[list[int]] = []
        self.may_end = asyncio.Semaphore(0)
        self.kind: Kind[int, int] = Kind("double", self._alone, self._shared, apart)
        self.bad: dict[int, Exception] = {}
        self.bad_together: Exception | None = None

    async def _alone(self, number: int) -> int:
        return (await self._run([number]))[0]

    async def _shared(self, numbers: Sequence[int]) -> list[int]:
        return await self._run(numbers)

    async def _run(self, numbers: Sequence[int]) -> list[int]:
        self.runs.append([*numbers])
        await self.may_end.acquire()
        if len(numbers) > 1 and self.bad_together:
            raise self.bad_together
        for number in numbers:
            if number in self.bad:
                raise self.bad[number]
        return [2 * number for number in numbers]

    def let(self, runs: int = 1_000) -> None:
        for _ in range(runs):
            self.may_end.release()

    async def begin(self, at: Together, numbers: Sequence[int]) -> list[asyncio.Task[int]]:
        tasks = [asyncio.create_task(at.do(self.kind, number)) for number in numbers]
        await settled()
        return tasks


async def settled() -> None:
    """What can go on without anybody's help has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)


def endless(*, at_once: int = 1, largest: int = 64) -> Together:
    """Nobody goes before the test lets him, however slow the machine is."""
    return Together(at_once=at_once, largest=largest, patience_seconds=3600)


async def outcomes(tasks: Sequence[asyncio.Task[int]]) -> list[Any]:
    async with asyncio.timeout(60):
        return await asyncio.gather(*tasks, return_exceptions=True)


async def test_one_after_the_other_goes_alone() -> None:
    """Who finds a free place does not wait for others."""
    work, at = Work(), endless()
    work.let()

    assert [await at.do(work.kind, number) for number in range(3)] == [0, 2, 4]
    assert work.runs == [[0], [1], [2]]


async def test_those_who_come_meanwhile_go_together_in_their_order() -> None:
    """While one is under way the others gather, and each gets its own answer."""
    work, at = Work(), endless()
    tasks = await work.begin(at, range(6))
    work.let()

    assert await outcomes(tasks) == [0, 2, 4, 6, 8, 10]
    assert work.runs == [[0], [1, 2, 3, 4, 5]]


async def test_no_more_go_together_than_may() -> None:
    """The rest goes when these are back, the earliest first."""
    work, at = Work(), endless(at_once=2, largest=3)
    tasks = await work.begin(at, range(10))
    work.let()

    assert await outcomes(tasks) == [2 * number for number in range(10)]
    assert work.runs == [[0], [1], [2, 3, 4], [5, 6, 7], [8, 9]]


async def test_a_second_place_is_for_as_many_as_are_under_way() -> None:
    """A few that come while many are under way cost one run with those after them, not one each."""
    work, at = Work(), endless(at_once=2)
    tasks = await work.begin(at, range(5))
    assert work.runs == [[0], [1]]
    work.let(2)
    await settled()
    many = [2, 3, 4]
    assert work.runs == [[0], [1], many]

    tasks += await work.begin(at, [5, 6])
    assert work.runs == [[0], [1], many]
    tasks += await work.begin(at, [7])
    assert work.runs == [[0], [1], many, [5, 6, 7]]

    tasks += await work.begin(at, [8])
    work.let()
    assert await outcomes(tasks) == [2 * number for number in range(9)]
    assert work.runs == [[0], [1], many, [5, 6, 7], [8]]


async def test_other_kinds_do_not_wait() -> None:
    """A place is one of its key."""
    work, other, at = Work(), Work(), endless()
    other.kind = Kind("other", other._alone, other._shared)
    tasks = await work.begin(at, [1]) + await other.begin(at, [2])

    assert (work.runs, other.runs) == ([[1]], [[2]])
    work.let()
    other.let()
    await outcomes(tasks)


async def test_one_that_spoils_it_harms_no_other() -> None:
    """What was undone for all is done for each by itself; the error is the one's who caused it."""
    work, at = Work(), endless()
    work.bad[2] = ConflictError()
    tasks = await work.begin(at, range(4))
    work.let()

    assert await outcomes(tasks) == [0, 2, work.bad[2], 6]
    assert work.runs == [[0], [1, 2, 3], [1], [2], [3]]


async def test_a_fault_of_the_shared_run_alone_is_nobodys() -> None:
    """When it only fails with several, all of them are done."""
    work, at = Work(), endless()
    work.bad_together = FaultError()
    tasks = await work.begin(at, range(4))
    work.let()

    assert await outcomes(tasks) == [0, 2, 4, 6]


@pytest.mark.parametrize("error", [UnavailableError(), RuntimeError("a bug")], ids=repr)
async def test_what_may_have_held_is_not_done_again(error: Exception) -> None:
    """Who does not know whether his change is committed is told so, and decides himself."""
    work, at = Work(), endless()
    work.bad_together = error
    tasks = await work.begin(at, range(4))
    work.let()

    assert await outcomes(tasks) == [0, error, error, error]
    assert work.runs == [[0], [1, 2, 3]]


async def test_the_one_of_a_run_of_one_fails_once() -> None:
    """Who gathered and had no company is not tried again."""
    work, at = Work(), endless()
    work.bad[1] = ConflictError()
    tasks = await work.begin(at, range(2))
    work.let()

    assert await outcomes(tasks) == [0, work.bad[1]]
    assert work.runs == [[0], [1]]


async def test_who_goes_before_its_turn_is_left_out() -> None:
    """One that is cancelled while it gathers is not done."""
    work, at = Work(), endless()
    tasks = await work.begin(at, range(4))
    tasks[2].cancel()
    await settled()
    work.let()
    ended = await outcomes(tasks)

    assert (ended[:2], ended[3]) == ([0, 2], 6)
    assert tasks[2].cancelled()
    assert work.runs == [[0], [1, 3]]


async def test_who_goes_while_it_is_done_undoes_nothing() -> None:
    """One that is cancelled during the shared run takes nobody an answer, and ends when that does."""
    work, at = Work(), endless()
    tasks = await work.begin(at, range(4))
    work.let(1)
    await settled()
    for _ in range(2):
        tasks[2].cancel()
        await settled()
        assert not tasks[2].done()
    work.let()

    ended = await outcomes(tasks)

    assert tasks[2].cancelled()
    assert (ended[:2], ended[3]) == ([0, 2], 6)
    assert work.runs == [[0], [1, 2, 3]]


async def test_a_cancelled_one_frees_its_place() -> None:
    """Who is alone under way and is cancelled lets those who have gathered go."""
    work, at = Work(), endless()
    tasks = await work.begin(at, range(3))
    tasks[0].cancel()
    await settled()

    assert work.runs == [[0], [1, 2]]
    work.let()
    assert (await outcomes(tasks))[1:] == [2, 4]


async def test_a_stuck_one_holds_nobody_up_for_long() -> None:
    """After a while those who have gathered go, though no place is free."""
    work, at = Work(), Together(at_once=1, patience_seconds=0.01)
    tasks = await work.begin(at, range(3))

    async def have_gone() -> bool:
        return len(work.runs) == 2

    await until(have_gone)

    assert work.runs == [[0], [1, 2]]
    work.let()
    assert await outcomes(tasks) == [0, 2, 4]


async def test_two_of_the_same_thing_go_one_after_the_other() -> None:
    """Where one run can do a thing only once, the second goes with the next, and loses no turn to others."""
    work, at = Work(apart=lambda number: number % 10), endless()
    tasks = await work.begin(at, [0, 1, 11, 2, 21, 12, 3])
    work.let()

    assert await outcomes(tasks) == [0, 2, 22, 4, 42, 24, 6]
    assert work.runs == [[0], [1, 2, 3], [11, 12], [21]]


async def test_the_crowd_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who finds too many waiting goes alone, to where everybody waits for a connection."""
    monkeypatch.setattr(together, "_MOST_GATHERED", 2)
    work, at = Work(), endless()
    tasks = await work.begin(at, range(4))

    assert work.runs == [[0], [3]]
    work.let()
    assert await outcomes(tasks) == [0, 2, 4, 6]
    tasks = await work.begin(at, range(3))
    assert await outcomes(tasks) == [0, 2, 4]


async def test_nothing_is_kept_of_what_is_over() -> None:
    """A key that nobody uses any more takes no memory, however it ended."""
    work, at = Work(), endless()
    work.bad[3] = ConflictError()
    tasks = await work.begin(at, range(6))
    tasks[5].cancel()
    work.let()
    await outcomes(tasks)
    for cancelled in await work.begin(at, range(3)):
        cancelled.cancel()
    await at.close()
    await settled()

    assert (at._lanes, at._count, at._running) == ({}, 0, set())


async def test_the_end_waits_for_what_is_under_way() -> None:
    """What runs for some who have gone is finished before the connections are closed."""
    work, at = Work(), endless()
    tasks = await work.begin(at, range(3))
    work.let(1)
    await settled()
    for task in tasks:
        task.cancel()
    closing = asyncio.create_task(at.close())
    await settled()

    assert not closing.done()
    work.let()
    async with asyncio.timeout(60):
        await closing
