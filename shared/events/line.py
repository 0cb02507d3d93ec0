"""The consumers that wait for jobs of one queue in this process."""

import asyncio
from collections import deque
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_NUMBERS = count()


class Waiter:
    """One consumer within its wait. `woken` is set when there may be something for it to do."""

    def __init__(self, line: "Line") -> None:
        self.line = line
        self.number = next(_NUMBERS)
        self.stands = False
        self.is_going = False
        self.woken = asyncio.Event()

    def stand(self) -> bool:
        """Be in the line, to be woken from now on; whether it just was called out of it."""
        was_called = self.woken.is_set() and not self.stands
        self.woken.clear()
        self.line.stand(self)
        return was_called

    def go(self) -> None:
        """End the wait."""
        self.is_going = True
        self.woken.set()

    def is_lookout(self) -> bool:
        """Whether it looks for all of the line; from now on if nobody does."""
        return self.line.appoint(self)


class Line:
    """Those who wait, first come first served.

    One of them is the lookout, who looks into the database when something falls due; the others are woken.

    next_look: when that is, as far as the last look told; None: nothing lies ahead.
    is_doubtful: it may have told too little, so look at once.
    """

    def __init__(self) -> None:
        self._waiters: deque[Waiter] = deque()
        self._lookout: Waiter | None = None
        self.next_look: datetime | None = None
        self.is_doubtful = True
        self.members = 0
        """All who are within their wait, also those who were called and see what there is for them."""

    def __len__(self) -> int:
        return len(self._waiters)

    def call(self, jobs: int) -> bool:
        """Wake as many, out of the line; whether there were so many."""
        while self._waiters and jobs > 0:
            waiter = self._waiters.popleft()
            waiter.stands = False
            waiter.woken.set()
            jobs -= 1
        if jobs > 0:
            self.doubt()
        return jobs <= 0

    def doubt(self) -> None:
        """What others did may have gone unheard: the lookout looks."""
        self.is_doubtful = True
        self._wake_lookout()

    def stir(self) -> None:
        """Wake all, where they stand."""
        for waiter in self._waiters:
            waiter.woken.set()

    def enter(self) -> Waiter:
        self.members += 1
        return Waiter(self)

    def leave(self, waiter: Waiter) -> None:
        """What the waiter was woken for, and its duty, go on to the next."""
        self.members -= 1
        if waiter.stands:
            self._waiters.remove(waiter)
        elif waiter.woken.is_set():
            self.call(1)
        if self._lookout is waiter:
            self._lookout = None
        if self._lookout is None:
            self._wake_lookout()

    def stand(self, waiter: Waiter) -> None:
        """At its old place, when it was called for nothing."""
        if waiter.stands:
            return
        waiter.stands = True
        if not self._waiters or self._waiters[-1].number < waiter.number:
            self._waiters.append(waiter)
            return
        place = next(place for place, other in enumerate(self._waiters) if other.number > waiter.number)
        self._waiters.insert(place, waiter)

    def appoint(self, waiter: Waiter) -> bool:
        """Whether it is the lookout; it becomes it when nobody is."""
        self._lookout = self._lookout or waiter
        return self._lookout is waiter

    def _wake_lookout(self) -> None:
        """Or who is to become it, where it stands."""
        if self._lookout is not None:
            self._lookout.woken.set()
        elif self._waiters:
            self._waiters[0].woken.set()
