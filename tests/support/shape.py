"""Answers held against the fields that the contract names, written as it writes them.

    matches(answer, "id:str queue_name:str result:json? retry_count:int tags:json? items:[Item]")

`?` after a type: the field may be absent or null. `[Type]`: an array. A name in capitals is another shape.
Fields beyond the named ones are allowed, as they are to clients.
"""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None


TYPES: dict[str, Callable[[Any], bool]] = {
    "str": lambda value: isinstance(value, str),
    "int": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "num": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "bool": lambda value: isinstance(value, bool),
    "true": lambda value: value is True,
    "obj": lambda value: isinstance(value, dict),
    "ts": _is_time,
    "json": lambda _value: True,
}


def read_shapes(path: Path) -> dict[str, str]:
    """The shapes of a file: a name at the margin, its fields indented below."""
    shapes: dict[str, str] = {}
    name = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            shapes[name] = f"{shapes[name]} {line.strip()}".strip()
        elif line and not line.startswith("#"):
            name = line
            shapes[name] = ""
    return shapes


def matches(answer: Any, shape: str, shapes: dict[str, str], where: str = "answer") -> None:
    """Assert that the answer has each field of the shape with its type; `[Name]` asks for an array of it."""
    if shape.startswith("["):
        assert isinstance(answer, list), f"{where}: not an array: {answer!r}"
        assert answer, f"{where}: empty, so that nothing is shown"
        for position, item in enumerate(answer):
            _check(item, shape[1:-1], shapes, f"{where}[{position}]")
    else:
        _check(answer, shape, shapes, where)


def _check(value: Any, kind: str, shapes: dict[str, str], where: str) -> None:
    if kind.startswith("["):
        assert isinstance(value, list), f"{where}: not an array: {value!r}"
        for position, item in enumerate(value):
            _check(item, kind[1:-1], shapes, f"{where}[{position}]")
    elif kind in TYPES:
        assert TYPES[kind](value), f"{where}: {value!r} is not {kind}"
    else:
        _check_fields(value, shapes.get(kind, kind), shapes, where)


def _check_fields(value: Any, fields: str, shapes: dict[str, str], where: str) -> None:
    assert isinstance(value, dict), f"{where}: not an object: {value!r}"
    for word in fields.split():
        found = re.fullmatch(r"(\w+):([\[\]\w]+)(\??)", word)
        assert found, f"{word!r} is no field of a shape"
        name, kind, optional = found.groups()
        if value.get(name) is None and (optional or kind == "json"):
            assert optional or name in value, f"{where}.{name} is missing"
            continue
        assert name in value, f"{where}.{name} is missing: {sorted(value)}"
        _check(value[name], kind, shapes, f"{where}.{name}")
