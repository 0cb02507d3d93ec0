"""JSON values as `google.protobuf.Struct`, built in one pass and no deeper than every client can read."""

import sys
from typing import Any

from google.protobuf.struct_pb2 import ListValue, Struct, Value

OF_AN_OBJECT = 3  # Struct, the entry of its map, Value
OF_A_LIST = 2  # ListValue, Value
DEEPEST = 99
"""Messages within messages. Parsers stop at about 100, and a Job lies in an answer. What was pushed by gRPC
has passed one of them, so that it always fits.
"""


class TooDeepError(Exception):
    """The value is nested deeper than protobuf's parsers go."""


def fill(struct: Struct, values: dict[str, Any], room: int = DEEPEST) -> None:
    """Put the members of an object into a Struct that is empty. Raises TooDeepError."""
    if room < OF_AN_OBJECT:
        raise TooDeepError
    fields = struct.fields
    for key, value in values.items():
        _set(fields[key], value, room - OF_AN_OBJECT)


def _fill_list(target: ListValue, values: list[Any], room: int) -> None:
    if room < OF_A_LIST:
        raise TooDeepError
    add = target.values.add
    for value in values:
        _set(add(), value, room - OF_A_LIST)


def _set(target: Value, value: Any, room: int) -> None:
    if isinstance(value, str):
        target.string_value = value
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        target.number_value = _double(value)
    elif value is None:
        target.null_value = 0  # type: ignore[assignment]
    elif isinstance(value, dict):
        target.struct_value.SetInParent()
        fill(target.struct_value, value, room)
    else:
        target.list_value.SetInParent()
        _fill_list(target.list_value, value, room)


def _double(number: float) -> float:
    """The nearest double; beyond the largest there is none nearer than that."""
    try:
        return float(number)
    except OverflowError:
        return sys.float_info.max if number > 0 else -sys.float_info.max
