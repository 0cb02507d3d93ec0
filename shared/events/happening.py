"""What happened, as the database told it: one thing about one job, queue, worker, schedule or workflow."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson


@dataclass(frozen=True)
class Happening:
    """One committed change.

    names: what it was, by the names of webhook events and a few more, for example `job.failed` together
        with `job.deadlettered`.
    text: the data, as webhooks get it, as JSON.
    at: the instant, as the API writes it.
    is_kept: it was written to the table `happening` too, for readers without Redis.
    """

    org_id: int
    names: tuple[str, ...]
    text: str
    at: str
    is_kept: bool

    @cached_property
    def item(self) -> dict[str, Any]:
        """The data, read when somebody asks for it, by the parser that takes all that the API takes."""
        return dict(json.loads(self.text))


def read_told(told: Sequence[str]) -> Iterator[Happening]:
    """Each thing that the notices of a transaction tell, in order."""
    for text in told:
        notice = orjson.loads(text)
        names = tuple(notice["names"])
        for item in notice["items"]:
            yield Happening(notice["org"], names, item, notice["at"], notice["kept"])
