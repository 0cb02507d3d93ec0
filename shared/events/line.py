"""The consumers that wait for jobs of one queue in this process."""

import asyncio
import contextlib
from collections import deque
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

_NUMBERS = count()


class Waiter:
    """One consumer within its wait. `woken` is set when there may be something for it to do.

    wish: what it waits for; None for one who sees to itself and is handed nothing.
    """

    def __init__(self, line: "Line", wish: Any = None) -> None:
        self.line = line
        self.wish = wish
        self.number = next(_NUMBERS)
        self.stands = False
        self.woken = asyncio.Event()
        self.rests = False
        self._promised: asyncio.Future[Any] | None = None

    def stand(self) -> bool:
        """Be in the line, to be woken from now on; whether it just was called out of it."""
        was_called = self.woken.is_set() and not self.stands
        self.woken.clear()
        self.line.stand(self)
        return was_called

    async def rest(self, seconds: float | None) -> Any:
        """Wait until woken, or for so many seconds; what it was handed meanwhile, or None.

        What was promised is waited for. When this is cancelled, `let_go` follows.
        """
        self.rests = True
        try:
            # Not wait_for: in Python 3.11 it swallows a cancellation that comes together with the event.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.woken.wait()
        finally:
            self.rests = False
        if self._promised is None:
            return None
        handed = await self._promised
        self._promised = None
        if handed is not None:
            self.woken.clear()
        return handed

    def let_go(self) -> Any:
        """Take no more; what it was handed and did not have yet, or None."""
        promised, self._promised = self._promised, None
        if promised is None or promised.cancel() or promised.cancelled():
            return None
        return promised.result()

    @property
    def takes(self) -> bool:
        """Whether something can be promised to it."""
        return self.rests and self.stands and self.wish is not None and not self.woken.is_set()

    def promise(self) -> None:
        """Something may be handed to it: `hand` or `disappoint` follows. It stands in no line meanwhile."""
        self.line.step_out(self)
        self._promised = asyncio.get_running_loop().create_future()

    def hand(self, what: Any) -> bool:
        """Give it what was promised; False when it is gone."""
        if self._promised is None or self._promised.done():
            return False
        self._promised.set_result(what)
        self.woken.set()
        return True

    def disappoint(self) -> None:
        """Nothing comes of the promise: it stands where it stood."""
        promised, self._promised = self._promised, None
        if promised is not None and not promised.done():
            promised.set_result(None)
            self.line.stand(self)
            if self.line.lookout is None:
                self.woken.set()  # who looked has gone meanwhile

    @property
    def looks(self) -> bool:
        """Whether it looks for all of the line."""
        return self.line.lookout is self

    def is_lookout(self) -> bool:
        """Whether it looks for all of the line; from now on if nobody does."""
        return self.line.appoint(self)


class Line:
    """Those who wait, first come first served.

    One of them is the lookout, who looks into the database when something falls due; the others are woken.

    next_look: when that is, as far as the last look told; None: nothing lies ahead.
    is_doubtful: it may have told too little, so look at once.
    yields: as far as is known, the queue gives to who asks as it stands; a paused or limited one does not.
    """

    def __init__(self) -> None:
        self._waiters: deque[Waiter] = deque()
        self.lookout: Waiter | None = None
        self.next_look: datetime | None = None
        self.is_doubtful = True
        self.yields = True
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

    def first(self) -> Waiter | None:
        """Who is the next to be served."""
        return self._waiters[0] if self._waiters else None

    def enter(self, wish: Any = None) -> Waiter:
        self.members += 1
        return Waiter(self, wish)

    def leave(self, waiter: Waiter) -> None:
        """What the waiter was woken for, and its duty, go on to the next."""
        self.members -= 1
        if waiter.stands:
            self.step_out(waiter)
        elif waiter.woken.is_set():
            self.call(1)
        if self.lookout is waiter:
            self.lookout = None
        if self.lookout is None:
            self._wake_lookout()

    def step_out(self, waiter: Waiter) -> None:
        """Out of the line, to be woken for nothing more."""
        waiter.stands = False
        self._waiters.remove(waiter)

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
        self.lookout = self.lookout or waiter
        return self.lookout is waiter

    def _wake_lookout(self) -> None:
        """Or who is to become it, where it stands."""
        if self.lookout is not None:
            self.lookout.woken.set()
        elif self._waiters:
            self._waiters[0].woken.set()
