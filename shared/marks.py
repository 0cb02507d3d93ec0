"""Where the claims of a queue begin while an old snapshot makes its front slow.

A dump, a replica or a forgotten transaction keeps PostgreSQL from removing what is long claimed, and each
claim would walk over all of it again. While a queue is seen to be so, each of its priorities has a mark, up
to which nothing is left: a claim begins there. What lies before it after all is seen when the front is looked
at: each second at the latest, and earlier when a claim finds nothing or something came that may lie there.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

Key = tuple[datetime, int]
"""The place of a job within its priority: `run_at` and id."""
Place = tuple[int, datetime]
"""Priority and `run_at` of a job that became claimable."""
SLOW_AT = 2_000
"""Entries of an index that a claim may walk over in vain: what takes it about as long as all the rest."""
MOST_QUEUES = 4_096
_LONGEST = timedelta(seconds=1)
_OVERLAP = timedelta(milliseconds=100)
"""A claim begins this long before now at the latest: what is made in this moment may be committed late."""
_REST_AN_ENTRY = timedelta(microseconds=10)
"""For each entry that a look at the front walked over: some fifty times what it took."""


class QueueMarks:
    """The marks of one queue. Instants are those that are handed in.

    slow_at: entries walked over in vain from which on marks are used.
    """

    __slots__ = ("_doubted", "_known", "_late", "_looked_at", "_rest", "_slow_at", "is_slow")

    def __init__(self, slow_at: int) -> None:
        self._slow_at = slow_at
        self.is_slow = False
        self._known: dict[int, Key] | None = None
        self._looked_at: datetime | None = None
        self._rest = timedelta(0)
        self._doubted = False
        self._late: dict[int, Key] | None = None
        """What came while the front is looked at, which may not have seen it."""

    @property
    def are_known(self) -> bool:
        """Whether claims begin at the marks."""
        return self._known is not None

    def is_to_be_counted(self, now: datetime) -> bool:
        """Whether to count what the next claim walks over: once a second while all is well."""
        if self.is_slow or not self._is_over(now, _LONGEST):
            return False
        self._looked_at = now
        return True

    def counted(self, in_vain: int | None) -> None:
        """What a claim or a look walked over in vain from the front; None: it did not say."""
        if self.is_slow:
            return
        if in_vain is None:
            self._looked_at = None
        elif in_vain >= self._slow_at:
            self.is_slow, self._looked_at = True, None

    def front_is_due(self, now: datetime, *, found_nothing: bool = False) -> bool:
        """Whether to look at the front before going on; never while somebody does."""
        if not self.is_slow or self._late is not None:
            return False
        rest = min(self._rest, _LONGEST) if found_nothing or self._doubted else _LONGEST
        return self._is_over(now, rest)

    def look(self, now: datetime) -> None:
        """The front is looked at: `seen` or `not_seen` follows."""
        self._looked_at, self._doubted, self._late = now, False, {}

    def seen(self, first: Mapping[int, Key], walked: int, now: datetime) -> None:
        """The first job of each priority that has some, due or not."""
        late, self._late = self._late or {}, None
        if walked < self._slow_at // 2:
            self.is_slow, self._known = False, None
            return
        nothing_before = (now, 0)
        self._known = dict.fromkeys(self._known or {}, nothing_before)
        self._known |= {priority: min(key, nothing_before) for priority, key in first.items()}
        for priority, key in late.items():
            self._lower(self._known, priority, key)
        self._rest = walked * _REST_AN_ENTRY

    def not_seen(self) -> None:
        """The look at the front failed."""
        self._looked_at, self._late = None, None

    def closed(self) -> None:
        """The queue gives nothing out; it is opened with a doubt."""
        self._late = None

    @property
    def next_front(self) -> datetime | None:
        """When the front is to be looked at though nothing happens; None: not at all."""
        if self._known is None or self._looked_at is None:
            return None
        return self._looked_at + (min(self._rest, _LONGEST) if self._doubted else _LONGEST)

    def starts(self) -> Mapping[int, Key]:
        """The marks as they stand, to begin a claim at, and to hand in again with what it took."""
        return dict(self._known or {})

    def claimed(self, started: Mapping[int, Key], rows: Iterable[Mapping[str, Any]]) -> None:
        """What a claim took, in its order, that began there: a mark moves on if it stands where it stood."""
        if self._known is None:
            return
        for priority, key in {row["priority"]: (row["run_at"], row["id"]) for row in rows}.items():
            if self._known.get(priority) == started.get(priority):
                self._known[priority] = key

    def arrived(self, places: Iterable[Place] | None) -> None:
        """Jobs became claimable, at these places; None: who knows where."""
        if self._known is None and self._late is None:
            return
        if places is None:
            self._doubted = True
            return
        for priority, run_at in places:
            for marks in (self._known, self._late):
                if marks is not None:
                    self._lower(marks, priority, (run_at, 0))

    def _is_over(self, now: datetime, rest: timedelta) -> bool:
        # A clock that was set back does not make anybody wait for longer.
        return self._looked_at is None or not timedelta(0) <= now - self._looked_at < rest

    @staticmethod
    def _lower(marks: dict[int, Key], priority: int, key: Key) -> None:
        marks[priority] = min(key, marks.get(priority, key))


def begin(starts: Mapping[int, Key], now: datetime) -> dict[str, list[Any]]:
    """The parameters of a claim that begins at marks, highest priority first."""
    latest = (now - _OVERLAP, 0)
    keys = [(priority, *min(starts[priority], latest)) for priority in sorted(starts, reverse=True)]
    names = ("mark_priorities", "mark_run_ats", "mark_ids")
    return {name: [key[place] for key in keys] for place, name in enumerate(names)}


class Marks:
    """The marks of one process, in its memory: a restart begins without any.

    most_queues: of those that were claimed from last; what is dropped begins anew.
    """

    def __init__(self, *, slow_at: int = SLOW_AT, most_queues: int = MOST_QUEUES) -> None:
        self._slow_at = slow_at
        self._most_queues = most_queues
        self._queues: OrderedDict[tuple[int, str], QueueMarks] = OrderedDict()

    def __len__(self) -> int:
        """How many queues are claimed from at their marks."""
        return sum(marks.are_known for marks in self._queues.values())

    def of(self, org_id: int, queue: str) -> QueueMarks:
        """Those of a queue that is about to be claimed from."""
        marks = self._queues.get((org_id, queue))
        if marks is None:
            marks = self._queues[org_id, queue] = QueueMarks(self._slow_at)
            if len(self._queues) > self._most_queues:
                self._queues.popitem(last=False)
        else:
            self._queues.move_to_end((org_id, queue))
        return marks

    def arrived(self, org_id: int, queue: str, places: Iterable[Place] | None) -> None:
        """Jobs of the queue became claimable, at these places; None: who knows where."""
        marks = self._queues.get((org_id, queue))
        if marks is not None:
            marks.arrived(places)
