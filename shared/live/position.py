"""Where an event stands: ids that a reader comes back with.

    1795897095211-0      behind all of a happening that was read from Redis, whose entry has this id
    1795897095211-0.1    behind the first of several events that one happening became
    p7423-12             the same for one that PostgreSQL kept: transaction and number

So the last event of a happening has the plain id, and those before it are numbered from 1.
"""

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple, Self

Source = Literal["stream", "table"]
_POSITION = re.compile(r"(p?)([0-9]{1,20})-([0-9]{1,20})(?:\.([1-9]))?", re.ASCII)
_LARGEST = 2**64 - 1


class Place(NamedTuple):
    """The place of a happening in its source: the higher one is the later one."""

    major: int
    minor: int

    def __str__(self) -> str:
        return f"{self.major}-{self.minor}"

    @classmethod
    def of(cls, text: str) -> Self:
        major, _, minor = text.partition("-")
        return cls(int(major), int(minor))


ORIGIN = Place(0, 0)
"""Before all there is."""


@dataclass(frozen=True, slots=True)
class Position:
    """Behind the first `part` events of the happening at a place; behind all of them when it is 0."""

    source: Source
    place: Place
    part: int = 0

    def __str__(self) -> str:
        mark = "p" if self.source == "table" else ""
        return f"{mark}{self.place}.{self.part}" if self.part else f"{mark}{self.place}"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The position that an id stands for, None for what is no id."""
        match = _POSITION.fullmatch(text)
        if match is None or max(int(match[2]), int(match[3])) > _LARGEST:
            return None
        source: Source = "table" if match[1] else "stream"
        return cls(source, Place(int(match[2]), int(match[3])), int(match[4] or 0))
