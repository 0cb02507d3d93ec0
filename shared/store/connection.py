"""A connection, and what is known of its server: which statements it has prepared, how values are written."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import ExecStatus
from psycopg.rows import DictRow

from shared.store.notices import told_by

if TYPE_CHECKING:
    from psycopg.abc import Buffer
    from psycopg.abc import Transformer as Transforming
    from psycopg.errors import Diagnostic
    from psycopg.pq import Format
    from psycopg.pq.abc import PGresult

Sent = tuple[bytes, tuple[Any, ...]]
"""A statement as PostgreSQL takes it, and the values of its parameters."""
_Key = tuple[bytes, tuple[int, ...]]
"""A statement and the types of its parameters: for others it is another one."""
_MOST_PREPARED = 300
"""On one connection: each takes memory of the server."""


@dataclass(slots=True)
class Prepared:
    """A statement that the server knows by a name. columns: of its rows, once there were some."""

    name: bytes
    columns: tuple[str, ...] = ()


@dataclass(slots=True)
class Bound:
    """A statement with its values written out. prepared: None where its text is sent each time."""

    key: _Key
    values: "Sequence[Buffer | None]"
    formats: "Sequence[Format] | None"
    is_hot: bool
    prepared: Prepared | None = None
    is_new: bool = False


class Connection(psycopg.AsyncConnection[DictRow]):
    """A connection that knows what its server has prepared; nothing is to be prepared by a cursor.

    opened_at: when, by the clock `time.monotonic`.
    heard: what statements told (`shared/store/notices.py`) since `listen` was called last.
    flushes: its server can make what was committed without waiting last (`shared/store/group_commit.py`).
    """

    flushes = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.opened_at = monotonic()
        self.heard: list[str] = []
        self.add_notice_handler(self._hear)
        self._known: dict[_Key, Prepared] = {}
        self._uses: Counter[_Key] = Counter()
        self._types: dict[bytes, tuple[int, ...]] = {}
        self._named = 0

    def listen(self) -> list[str]:
        """What statements tell from here on; it grows until the next call."""
        self.heard = []
        return self.heard

    def write(self, statements: Sequence[Sent], *, hot: bool) -> list[Bound]:
        """Write out the values; raises what the driver says of one that cannot be sent."""
        return [self._written(*statement, hot=hot) for statement in statements]

    def name(self, statements: Sequence[Bound]) -> None:
        """Choose which of those that are about to be sent are prepared: `hot` ones at their first use."""
        new: dict[_Key, Prepared] = {}
        for bound in statements:
            bound.prepared = self._known.get(bound.key) or new.get(bound.key)
            if bound.prepared is None and self._is_to_be_prepared(bound):
                self._named += 1
                bound.prepared = new[bound.key] = Prepared(b"spooled_%d" % self._named)
                bound.is_new = True

    def remember(self, bound: Bound) -> None:
        """The server has prepared it."""
        if bound.prepared is not None:
            self._known[bound.key] = bound.prepared
            self._uses.pop(bound.key, None)

    def rows(self, bound: Bound, result: "PGresult", start: int = 0, end: int | None = None) -> list[DictRow]:
        """Those of a statement that returns some, or a piece of them; none of another one's."""
        if result.status != ExecStatus.TUPLES_OK:
            return []
        columns = bound.prepared.columns if bound.prepared else ()
        if not columns:
            columns = tuple((result.fname(n) or b"").decode() for n in range(result.nfields))
            if bound.prepared:
                bound.prepared.columns = columns
        self._transformer.set_pgresult(result)
        end = result.ntuples if end is None else min(end, result.ntuples)
        return self._transformer.load_rows(
            start, end, lambda values: dict(zip(columns, values, strict=False))
        )

    def _written(self, sql: bytes, values: tuple[Any, ...], *, hot: bool) -> Bound:
        written = self._transformer.dump_sequence(values, [PyFormat.AUTO] * len(values))
        key = sql, self._types_of(sql, self._transformer.types or ())
        return Bound(key, written, self._transformer.formats, hot)

    def _types_of(self, sql: bytes, types: tuple[int, ...]) -> tuple[int, ...]:
        """What is missing has the type that it had before, or each choice would be another statement."""
        known = self._types.get(sql)
        if known is not None and known != types:
            types = tuple([one or before for one, before in zip(types, known, strict=True)])
        if known != types:
            self._types[sql] = types
        return types

    def _is_to_be_prepared(self, bound: Bound) -> bool:
        if self.prepare_threshold is None or len(self._known) >= _MOST_PREPARED:
            return False
        self._uses[bound.key] += 1
        return bound.is_hot or self._uses[bound.key] > self.prepare_threshold

    @cached_property
    def _transformer(self) -> "Transforming":
        """One for all statements: it finds out once how values of a type are written and read."""
        return Transformer(self)

    def _hear(self, notice: "Diagnostic") -> None:
        self.heard += told_by(notice)
