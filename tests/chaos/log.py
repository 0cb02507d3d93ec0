"""What the clients saw, in lines of JSON: all that the checker is given."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

Record = dict[str, Any]
"""`n` is the number of its line, `what` says which fields it has. Instants are Unix seconds of one clock."""


@dataclass
class Log:
    """A file that is written line by line."""

    path: Path
    began: float = 0.0
    records: list[Record] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Steady within the run, yet to be held against the instants that the service says.
        self._base = time.time() - time.monotonic()
        self.began = self.now()

    def __enter__(self) -> Self:
        self._file = self.path.open("wb")
        return self

    def __exit__(self, kind: type[BaseException] | None, _: object, trace: TracebackType | None) -> None:
        self._file.close()

    def now(self) -> float:
        return self._base + time.monotonic()

    def write(self, what: str, **facts: Any) -> Record:
        record = {"n": len(self.records) + 1, "what": what, **facts}
        self.records.append(record)
        self._file.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
        return record


def read_log(path: Path) -> list[Record]:
    """The records of a file, as the checker gets them."""
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]
