"""Named SQL: each query lives in a `.sql` file beside its caller, under a name and a sentence of why.

    -- claim_jobs hot --
    -- Two consumers never hold one job ...
    WITH ...

`hot` marks a query that must never be planned as a scan of a whole table.
`{{name}}` in a file stands for a fragment that the caller hands in: a list of columns written once.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

_HEADER = re.compile(r"^-- (?P<name>\w+)(?P<hot> hot)? --\n", re.MULTILINE)
_FRAGMENT = re.compile(r"\{\{(\w+)\}\}")
_PARAMETER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True)
class Query:
    """One statement with named parameters (`%(name)s`)."""

    name: str
    sql: str
    hot: bool

    def filled(self, **fragments: str) -> "Query":
        """This query with its open fragments filled in."""
        return replace(self, sql=_FRAGMENT.sub(lambda match: fragments[match[1]], self.sql))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement as PostgreSQL takes it: parameters by number (`$1`), and the name of each."""

    sql: bytes
    names: tuple[str, ...]

    def arguments(self, parameters: Mapping[str, Any]) -> tuple[Any, ...]:
        """The values in their order; there may be more than the statement uses."""
        return tuple(parameters[name] for name in self.names)


@cache
def prepared(sql: str) -> Prepared:
    """Read a statement once: psycopg would look for parameters in a long one each time it runs."""
    numbers = {name: number for number, name in enumerate(dict.fromkeys(_PARAMETER.findall(sql)), 1)}
    return Prepared(_PARAMETER.sub(lambda match: f"${numbers[match[1]]}", sql).encode(), tuple(numbers))


def given(values: list[Any]) -> list[Any] | None:
    """A column that no row fills is not sent: PostgreSQL fills what is missing of an array with NULL."""
    return None if values.count(None) == len(values) else values


class UnknownQueryError(LookupError):
    """No query of that name stands in the file."""


class Queries:
    """The queries of one file, by name."""

    def __init__(self, queries: list[Query]) -> None:
        self._queries = {query.name: query for query in queries}

    def __getitem__(self, name: str) -> Query:
        if name not in self._queries:
            raise UnknownQueryError(f"{name}; known are {', '.join(sorted(self._queries))}")
        return self._queries[name]

    def __iter__(self) -> Iterator[Query]:
        return iter(self._queries.values())


def load_queries(module_file: str, **fragments: str) -> Queries:
    """The queries of the `.sql` file that has the name of the calling module (`__file__`)."""
    path = Path(module_file).with_suffix(".sql")
    text = _FRAGMENT.sub(lambda match: fragments.get(match[1], match[0]), path.read_text(encoding="utf-8"))
    headers = list(_HEADER.finditer(text))
    ends = [header.start() for header in headers[1:]] + [len(text)]
    return Queries(
        [
            Query(header["name"], text[header.end() : end].strip().rstrip(";"), bool(header["hot"]))
            for header, end in zip(headers, ends, strict=True)
        ]
    )
