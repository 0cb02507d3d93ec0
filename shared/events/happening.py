"""What happened, as the database told it: one thing about one job, queue, worker, schedule or workflow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Happening:
    """One committed change.

    names: what it was, by the names of webhook events and a few more, for example `job.failed` together
        with `job.deadlettered`.
    item: the data, as webhooks get it.
    at: the instant, as the API writes it.
    is_kept: it was written to the table `happening` too, for readers without Redis.
    """

    org_id: int
    names: tuple[str, ...]
    item: dict[str, Any]
    at: str
    is_kept: bool


def read_told(told: Sequence[str]) -> Iterator[Happening]:
    """Each thing that the notices of a transaction tell, in order."""
    for text in told:
        notice = orjson.loads(text)
        names = tuple(notice["names"])
        for item in notice["items"]:
            yield Happening(notice["org"], names, item, notice["at"], notice["kept"])
