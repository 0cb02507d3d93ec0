"""Messages as plain values: what a message says, and JSON objects as protobuf carries them.

Every number of a Struct is a double. What leaves here as a whole number below 2^63 was sent as one; from 2^53
on it has lost digits on its way.
"""

from collections.abc import Iterator
from datetime import UTC
from typing import Any

from google.protobuf.message import Message
from google.protobuf.struct_pb2 import ListValue, Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

from shared.errors import InvalidInputError
from shared.json_text import MOST_PARTS
from shared.wire.rpc.structs import DEEPEST, OF_A_LIST, OF_AN_OBJECT

_LARGEST_INTEGER = 2.0**63


def given(message: Message) -> dict[str, Any]:
    """What a message says, by field: what is unset, 0 or an empty text is left out.

    Raises InvalidInputError for text that cannot be stored, and for an instant that is none.
    """
    values = {field.name: _plain(field.name, value) for field, value in message.ListFields()}
    return {name: value for name, value in values.items() if value != ""}


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, Struct):
        return _object(name, value, DEEPEST, iter(range(MOST_PARTS)))
    if isinstance(value, Timestamp):
        return _instant(name, value)
    if isinstance(value, str):
        return _storable(name, value)
    if isinstance(value, bool | int | float):
        return value
    return {_storable(name, key): _storable(name, item) for key, item in value.items()}


def _storable(name: str, text: str) -> str:
    if "\x00" in text:
        raise InvalidInputError.of_field(name, "must not contain the NUL character", "nul_character")
    return text


def _instant(name: str, value: Timestamp) -> str:
    try:
        return value.ToDatetime(UTC).isoformat()
    except (ValueError, OverflowError):
        rule = "Input should be in the years 1970 to 9999 in UTC"
        raise InvalidInputError.of_field(name, rule, "time_out_of_range") from None


def _object(name: str, struct: Struct, room: int, parts: Iterator[int]) -> dict[str, Any]:
    left = _within(name, room - OF_AN_OBJECT, parts)
    return {_storable(name, key): _json(name, value, left, parts) for key, value in struct.fields.items()}


def _within(name: str, room: int, parts: Iterator[int]) -> int:
    """Raise InvalidInputError for what no answer could carry, and for more parts than a request has.

    Parsers refuse the first as well, unless somebody in the process has told protobuf not to.
    """
    if next(parts, None) is None:
        rule = f"holds more than {MOST_PARTS} lists and objects: send less at a time"
        raise InvalidInputError.of_field(name, rule, "too_many")
    if room < 0:
        raise InvalidInputError.of_field(name, "is nested deeper than protobuf allows", "too_deep")
    return room


def _json(name: str, value: Value, room: int, parts: Iterator[int]) -> Any:
    match value.WhichOneof("kind"):
        case "string_value":
            return _storable(name, value.string_value)
        case "number_value":
            number = value.number_value
            is_whole = number.is_integer() and abs(number) < _LARGEST_INTEGER
            return int(number) if is_whole else number
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return _object(name, value.struct_value, room, parts)
        case "list_value":
            return _list(name, value.list_value, room, parts)
    return None


def _list(name: str, values: ListValue, room: int, parts: Iterator[int]) -> list[Any]:
    left = _within(name, room - OF_A_LIST, parts)
    return [_json(name, value, left, parts) for value in values.values]
