"""Messages as plain values: what a message says, and JSON objects as protobuf carries them.

Every number of a Struct is a double. What leaves here as a whole number below 2^63 was sent as one; from 2^53
on it has lost digits on its way.
"""

from datetime import UTC
from typing import Any

from google.protobuf.message import Message
from google.protobuf.struct_pb2 import ListValue, Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

from shared.errors import InvalidInputError
from shared.json_text import MOST_PARTS
from shared.wire.rpc.structs import DEEPEST, OF_A_LIST, OF_AN_OBJECT

_LARGEST_INTEGER = 2.0**63
_MOST_VALUES = 400_000
"""Of one Struct: a value may take two bytes of a message, and each is looked at."""


class _Budget:
    """What is left of the lists and objects that a Struct may have, and of its values."""

    __slots__ = ("parts", "values")

    def __init__(self) -> None:
        self.parts, self.values = MOST_PARTS, _MOST_VALUES

    def spend(self, name: str, values: int) -> None:
        """For one list or object of so many values; raises InvalidInputError for one too many."""
        self.parts -= 1
        self.values -= values
        if self.parts < 0 or self.values < 0:
            most, what = (MOST_PARTS, "lists and objects") if self.parts < 0 else (_MOST_VALUES, "values")
            rule = f"holds more than {most} {what}: send less at a time"
            raise InvalidInputError.of_field(name, rule, "too_many")


def given(message: Message) -> dict[str, Any]:
    """What a message says, by field: what is unset, 0 or an empty text is left out.

    Raises InvalidInputError for text that cannot be stored, and for an instant that is none.
    """
    values = {field.name: _plain(field.name, value) for field, value in message.ListFields()}
    return {name: value for name, value in values.items() if value != ""}


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, Struct):
        return _object(name, value, DEEPEST, _Budget())
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


def _object(name: str, struct: Struct, room: int, budget: _Budget) -> dict[str, Any]:
    budget.spend(name, len(struct.fields))
    left = _within(name, room - OF_AN_OBJECT)
    return {_storable(name, key): _json(name, value, left, budget) for key, value in struct.fields.items()}


def _within(name: str, room: int) -> int:
    """Raise InvalidInputError for what no answer could carry.

    Parsers refuse it as well, unless somebody in the process has told protobuf not to.
    """
    if room < 0:
        raise InvalidInputError.of_field(name, "is nested deeper than protobuf allows", "too_deep")
    return room


def _json(name: str, value: Value, room: int, budget: _Budget) -> Any:
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
            return _object(name, value.struct_value, room, budget)
        case "list_value":
            return _list(name, value.list_value, room, budget)
    return None


def _list(name: str, values: ListValue, room: int, budget: _Budget) -> list[Any]:
    budget.spend(name, len(values.values))
    left = _within(name, room - OF_A_LIST)
    return [_json(name, value, left, budget) for value in values.values]
