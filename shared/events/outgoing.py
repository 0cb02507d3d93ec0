"""What this process has to tell others of what it did: those who listen here, and other processes."""

from collections.abc import Callable, Iterable, Sequence

from shared.events.happening import Happening, read_told
from shared.marks import Place

Listener = Callable[[Happening], None]


class Outgoing:
    """Of a service that runs without Redis: nobody is told but the listeners in this process."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Hear of each happening that this process has committed, at once; returns what ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def happened(self, told: Sequence[str]) -> None:
        """Pass on what a committed change tells. Never waits."""
        happenings = list(read_told(told))
        for happening in happenings:
            self._add(happening)
        for listener in tuple(self._listeners):
            for happening in happenings:
                listener(happening)

    def wake(
        self, org_id: int, queue: str, jobs: int, places: Iterable[Place] | None, *, at_once: bool = True
    ) -> None:
        """Wake as many waiters of the queue in other processes, and say where the jobs stand. Never waits.

        Not `at_once` when there is somebody for the jobs here: others are told in case nothing comes of that.
        """

    async def publish(self, channel: str, words: str) -> None:
        """Tell the other processes now."""

    async def reaches_redis(self) -> bool:
        """Whether Redis answers; True for a service that runs without it."""
        return True

    async def flush(self) -> None:
        """Before an answer: what a process that stands still after it has to say by then. Never fails."""

    async def close(self) -> None:
        """Tell nobody any more."""

    def _add(self, happening: Happening) -> None:
        """Keep it for the next round trip."""
