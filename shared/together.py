"""Requests of one kind that wait at the same moment go together.

Nobody waits for company: who finds a place free goes at once and alone. Those who come while all places of
their kind are taken gather, and go together when one is free. A second place is not for a few who come while
many are under way: they go when they are as many, or when those are back.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, NoReturn, TypeVar

from shared.errors import SpooledError, UnavailableError
from shared.finishing import finished

Item = TypeVar("Item")
Answer = TypeVar("Answer")
LARGEST_SHARED = 65_536
"""Characters that a request brings: a larger one takes long by itself and gains nothing in company."""
_MOST_GATHERED = 1_000
"""In all kinds; who comes then goes alone, and waits for a connection like everybody else."""


@dataclass(frozen=True, slots=True)
class Kind(Generic[Item, Answer]):
    """What can go together, and how.

    key: all that a shared run has in common; only who has the same goes with others.
    alone: does one by itself.
    shared: does several, in their order, all or nothing; an answer for each.
    apart: of those that have the same, other than None, only one goes at a time.
    """

    key: Hashable
    alone: Callable[[Item], Awaitable[Answer]]
    shared: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]]
    apart: Callable[[Item], Hashable] = lambda _: None


Telling = Callable[[], Any]
"""Returns the answer, or raises: an exception in a future would be reported if nobody came for it."""


@dataclass(slots=True)
class _Gathered:
    """One who waits. It is told None when it is to go alone."""

    item: Any
    told: "asyncio.Future[Telling | None]"
    run: "asyncio.Task[None] | None" = None
    """With which it went."""


class _Lane:
    """Those of one key: how many places are taken, and who has gathered."""

    def __init__(self) -> None:
        self.taken = 0
        self.under_way = 0
        self.gathered: deque[_Gathered] = deque()
        self.patience: asyncio.TimerHandle | None = None

    def begin(self, count: int) -> None:
        self.taken += 1
        self.under_way += count


class Together:
    """The kinds of one process.

    at_once: how many are under way at most, of a key. largest: how many go together at most.
    patience_seconds: how long who has gathered waits for a place at most.
    """

    def __init__(self, *, at_once: int = 2, largest: int = 64, patience_seconds: float = 0.1) -> None:
        self._at_once = at_once
        self._largest = largest
        self._patience_seconds = patience_seconds
        self._lanes: dict[Hashable, _Lane] = {}
        self._count = 0
        self._running: set[asyncio.Task[None]] = set()

    async def do(self, kind: Kind[Item, Answer], item: Item) -> Answer:
        """Do one, alone or with others; what becomes of it is the same.

        A run with others that was undone is followed by each going alone, so that what one of them caused is
        its own; only when it is not known whether it was undone (UnavailableError) all are told so. One that
        is cancelled does not stop the others; if it is under way with them, that comes to its end first.
        """
        lane = self._lanes.get(kind.key)
        if lane is None:
            lane = self._lanes[kind.key] = _Lane()
        if not self._is_let_go(lane, 1) and self._count < _MOST_GATHERED:
            return await self._gather(kind, lane, item)
        lane.begin(1)
        try:
            return await kind.alone(item)
        finally:
            self._free(kind, lane, 1)

    async def close(self) -> None:
        """Wait for what is under way for somebody who has gone."""
        while self._running:
            await asyncio.wait(self._running)

    async def _gather(self, kind: Kind[Item, Answer], lane: _Lane, item: Item) -> Answer:
        loop = asyncio.get_running_loop()
        one = _Gathered(item, loop.create_future())
        lane.gathered.append(one)
        self._count += 1
        if self._is_let_go(lane, len(lane.gathered)):
            self._go(kind, lane)
        elif lane.patience is None:
            lane.patience = loop.call_later(self._patience_seconds, self._go, kind, lane)
        try:
            telling = await one.told
        except asyncio.CancelledError:
            if one.run is not None:
                await finished(one.run)
            raise
        if telling is None:
            return await kind.alone(item)
        answer: Answer = telling()
        return answer

    def _free(self, kind: Kind[Any, Any], lane: _Lane, count: int) -> None:
        lane.taken -= 1
        lane.under_way -= count
        if lane.gathered and self._is_let_go(lane, len(lane.gathered)):
            self._go(kind, lane)
        if not lane.taken and not lane.gathered:
            self._lanes.pop(kind.key, None)

    def _is_let_go(self, lane: _Lane, count: int) -> bool:
        """Whether so many need not wait for those who are under way."""
        return lane.taken < self._at_once and count >= lane.under_way

    def _go(self, kind: Kind[Any, Any], lane: _Lane) -> None:
        """Those who have gathered go, as many as may; also past the places when these are taken for long."""
        if lane.patience is not None:
            lane.patience.cancel()
            lane.patience = None
        going = self._next(kind, lane)
        if lane.gathered:
            lane.patience = asyncio.get_running_loop().call_later(
                self._patience_seconds, self._go, kind, lane
            )
        if going:
            lane.begin(len(going))
            # In nobody's context: what one of them carries with it is not the others'.
            running = asyncio.get_running_loop().create_task(self._run(kind, lane, going), context=Context())
            for one in going:
                one.run = running
            self._running.add(running)
            running.add_done_callback(self._running.discard)

    def _next(self, kind: Kind[Any, Any], lane: _Lane) -> list[_Gathered]:
        going: list[_Gathered] = []
        kept: deque[_Gathered] = deque()
        known: set[Hashable] = set()
        while lane.gathered and len(going) < self._largest:
            one = lane.gathered.popleft()
            apart = kind.apart(one.item)
            if one.told.done():  # cancelled
                self._count -= 1
            elif apart is not None and apart in known:
                kept.append(one)
            else:
                known.add(apart)
                going.append(one)
                self._count -= 1
        lane.gathered.extendleft(reversed(kept))
        return going

    async def _run(self, kind: Kind[Any, Any], lane: _Lane, going: Sequence[_Gathered]) -> None:
        try:
            for one, telling in zip(going, await _tellings(kind, [one.item for one in going]), strict=True):
                if not one.told.done():
                    one.told.set_result(telling)
        finally:
            for one in going:
                one.told.cancel()  # of those who were told nothing, as this was cancelled
            self._free(kind, lane, len(going))


async def _tellings(kind: Kind[Any, Any], items: Sequence[Any]) -> Sequence[Telling | None]:
    try:
        answers = await (kind.shared(items) if len(items) > 1 else _alone(kind, items[0]))
    except Exception as error:  # noqa: BLE001 - it is raised where they wait
        # What the database refuses it has undone; what else went wrong may have held.
        is_undone = isinstance(error, SpooledError) and not isinstance(error, UnavailableError)
        return [None if is_undone and len(items) > 1 else partial(_raise, error)] * len(items)
    return [partial(_return, answer) for answer in answers]


async def _alone(kind: Kind[Item, Answer], item: Item) -> Sequence[Answer]:
    return [await kind.alone(item)]


def _return(answer: Answer) -> Answer:
    return answer


def _raise(error: Exception) -> NoReturn:
    raise error
