"""What one reader is shown: what it asked for, of what its credential may see."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.live import LiveEvent
from shared.live.translate import of_queues
from shared.tenants.caller import Caller

_FIGURES = "QueueStats"
_FIGURES_RIGHT = "queues:read"
_WORKERS_RIGHT = "workers:read"
_OF_THE_STREAM = "EventsLost"
"""Shown to everybody: it is about the stream itself."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a reader asked for; by default everything.

    types: keys of `DOTTED`; None for all.
    present: how that which is followed stands, for who begins: the type and data of an event.
    is_last: whether nothing follows an event, so that the stream ends with it.
    """

    queue: str | None = None
    job_id: str | None = None
    types: frozenset[str] | None = None
    present: Callable[[Caller], Awaitable[tuple[str, dict[str, Any]]]] | None = None
    is_last: Callable[[LiveEvent], bool] | None = None

    def asks_for(self, event: LiveEvent) -> bool:
        if self.types is not None and event.type not in self.types:
            return event.type == _OF_THE_STREAM
        if not event.right:
            return True
        return (self.queue is None or self.queue in event.queues) and (
            self.job_id is None or self.job_id == event.job_id
        )


class View:
    """The selections of a reader, of which one is enough, as its credential limits them."""

    def __init__(self, caller: Caller, selections: Collection[Selection]) -> None:
        self._caller = caller
        self._selections = selections
        self._shows_all = caller.permissions is None and caller.queues is None and Selection() in selections

    def chosen(self, batch: Sequence[LiveEvent]) -> Sequence[LiveEvent]:
        """The events of a batch that the reader is shown."""
        if self._shows_all:
            return batch
        seen = [event for event in batch if self._may_see(event) and self._asks_for(event)]
        own = self._caller.queues
        if own is None:
            return seen
        return [of_queues(event, own) if event.right == _WORKERS_RIGHT else event for event in seen]

    def figures(self) -> Iterable[str] | None:
        """Of which queues the reader wants figures; None for all."""
        queues: set[str] = set()
        if not self._caller.may(_FIGURES_RIGHT):
            return queues
        for wanted in self._selections:
            if wanted.job_id is not None or not (wanted.types is None or _FIGURES in wanted.types):
                continue
            if wanted.queue is None and self._caller.queues is None:
                return None
            queues.update([wanted.queue] if wanted.queue else self._caller.queues or ())
        return queues

    def _asks_for(self, event: LiveEvent) -> bool:
        return any(wanted.asks_for(event) for wanted in self._selections)

    def _may_see(self, event: LiveEvent) -> bool:
        """A worker is seen by the key of one of its queues; all else that has several needs them all."""
        caller = self._caller
        if not event.right:
            return True
        if caller.permissions is not None and event.right not in caller.permissions:
            return False
        if caller.queues is None:
            return True
        enough = any if event.right == _WORKERS_RIGHT else all
        return bool(event.queues) and enough(queue in caller.queues for queue in event.queues)
