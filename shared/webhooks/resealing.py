"""What is sealed under another secret of the server than that of now is sealed anew: the other may go then.

Safe beside writers, beside itself and to stop anywhere: a value is replaced by what says the same, and only
while it is what was read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

from shared.core import Core
from shared.store import SYSTEM, Query, Row, load_queries
from shared.webhooks.sealing import HEAD_BYTES, UnsealError, head_of, seal, unseal

QUERIES = load_queries(__file__)
_PAGE = 500
_LAST = 2**63 - 1
_ABOVE_ALL = b"\xff" * 16


@dataclass(frozen=True, slots=True)
class _Store:
    """A column of sealed values, and what is asked of its rows beside that."""

    table: str
    column: str
    settled: str = ""

    def query(self, name: str) -> Query:
        return QUERIES[name].filled(table=self.table, column=self.column, settled=self.settled)


_STORES = (
    _Store("job", "completion_webhook_secret"),
    _Store("job_archive", "completion_webhook_secret", QUERIES["settled"].sql),
    _Store("webhook", "sealed_secret"),
    _Store("webhook", "previous_sealed_secret"),
    _Store("webhook_delivery", "sealed_secret"),
)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Values that begin above `after` and below `below`."""

    after: tuple[bytes, int, int]
    below: bytes


def sealed_under_another() -> str:
    """SQL: an empty row for each value that is not sealed under the secret of now. Takes `head`."""
    return "\nUNION ALL\n".join(store.query("under_another").sql for store in _STORES)


async def reseal(core: Core, now: datetime, deadline: float) -> int:
    """Seal anew until `deadline` (of `monotonic`) and return how many values were; nothing with one secret.

    What cannot be read is passed over, and a job that ended within the last hour is left for the next run.
    """
    if len(core.settings.secret_keys) == 1:
        return 0
    total = 0
    for store in _STORES:
        for stretch in _stretches(head_of(core.settings)):
            total += await _reseal(core, store, stretch, now, deadline)
    return total


def _stretches(head: bytes) -> Iterator[_Stretch]:
    """All but what is sealed under the secret of now."""
    yield _Stretch((b"", 0, 0), head)
    yield _Stretch((head, _LAST, _LAST), _ABOVE_ALL)


async def _reseal(core: Core, store: _Store, stretch: _Stretch, now: datetime, deadline: float) -> int:
    total = 0
    after = stretch.after
    while monotonic() < deadline:
        page = await core.store.fetch(
            SYSTEM,
            store.query("page_of_sealed"),
            after=after[0],
            after_org=after[1],
            after_id=after[2],
            below=stretch.below,
            limit=_PAGE,
            now=now,
        )
        total += await _replace(core, store, page)
        if len(page) < _PAGE:
            break
        last = page[-1]
        after = (bytes(last["sealed"])[:HEAD_BYTES], last["org_id"], last["id"])
    return total


async def _replace(core: Core, store: _Store, page: list[Row]) -> int:
    readable = []
    for row in page:
        try:
            readable.append((row, seal(core.settings, unseal(core.settings, bytes(row["sealed"])))))
        except UnsealError:
            continue
    if not readable:
        return 0
    replaced = await core.store.fetch(
        SYSTEM,
        store.query("reseal"),
        org_ids=[row["org_id"] for row, _ in readable],
        ids=[row["id"] for row, _ in readable],
        known=[bytes(row["sealed"]) for row, _ in readable],
        resealed=[sealed for _, sealed in readable],
    )
    return len(replaced)
