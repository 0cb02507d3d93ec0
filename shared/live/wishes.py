"""Whose figures readers want."""

import asyncio
from collections.abc import Hashable, Iterable, Sequence

from shared.live.event import LiveEvent


class Wishes:
    """Of which queues the readers of an organization want figures, and which of those changed.

    awake: set when some did.
    """

    def __init__(self, awake: asyncio.Event) -> None:
        self._awake = awake
        self._wishes: dict[Hashable, frozenset[str] | None] = {}
        self._wanted: frozenset[str] | None = frozenset()
        self._changed: set[str] = set()

    def want(self, reader: Hashable, queues: Iterable[str] | None) -> None:
        """The wish of a reader, in place of its last: None for every queue that changes."""
        wish = None if queues is None else frozenset(queues)
        self._wishes[reader] = wish
        self._reckon()
        if wish:
            self._changed |= wish
            self._awake.set()

    def forget(self, reader: Hashable) -> None:
        if self._wishes.pop(reader, ()) != ():
            self._reckon()

    def note(self, events: Iterable[LiveEvent]) -> None:
        """See which queues changed."""
        if not self._wishes:
            return
        for event in events:
            for queue in event.queues:
                if self._wanted is None or queue in self._wanted:
                    self._changed.add(queue)
                    self._awake.set()

    def take(self, most: int) -> Sequence[str]:
        """At most so many queues that changed since they were taken last."""
        return [self._changed.pop() for _ in range(min(most, len(self._changed)))]

    def _reckon(self) -> None:
        wishes = list(self._wishes.values())
        self._wanted = None if None in wishes else frozenset[str]().union(*(wish for wish in wishes if wish))
