"""JSON values as the text that the database keeps."""

import json
from typing import Any

import orjson

from shared.errors import InvalidInputError

_COMPACT = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_NULL = b"null"


def json_text(value: Any, field: str) -> str:
    """Compact JSON; integers of any size stay exact.

    Raises InvalidInputError for a number that JSON cannot hold (1e999 reads as infinity).
    """
    try:
        text = orjson.dumps(value)
    except TypeError:
        text = _NULL  # an integer beyond 64 bits
    if _NULL not in text:
        return text.decode()
    # That null may be one, or a number that JSON cannot hold.
    try:
        return _COMPACT.encode(value)
    except ValueError:
        raise InvalidInputError.of_field(
            field, "holds a number out of range", "number_out_of_range"
        ) from None


MOST_PARTS = 250_000
"""Lists and objects of one request."""
LARGEST_NOTES_BYTES = 65_536
"""Of what is shown in lists, such as tags and metadata."""
LARGEST_SETTINGS_BYTES = 16_384
_MOST_BYTES_OF_A_CHARACTER = 4


def small_text(value: Any, field: str, largest: int = LARGEST_NOTES_BYTES) -> str | None:
    """The text of a value of at most so many bytes, as `json_text`; None for None.

    Raises InvalidInputError above that, too.
    """
    if value is None:
        return None
    text = json_text(value, field)
    if len(text) * _MOST_BYTES_OF_A_CHARACTER > largest and len(text.encode()) > largest:
        raise InvalidInputError.of_field(field, f"must be at most {largest} bytes of JSON", "too_long")
    return text


def settings_text(value: dict[str, Any], field: str) -> str:
    """The text of an object that the service reads again: small, and without integers beyond 64 bits.

    Raises InvalidInputError for any other.
    """
    text = json_text(value, field)
    try:
        size = len(orjson.dumps(value))
    except TypeError:
        raise InvalidInputError.of_field(
            field, "holds a number out of range or is nested too deep", "number_out_of_range"
        ) from None
    if size > LARGEST_SETTINGS_BYTES:
        raise InvalidInputError.of_field(
            field, f"must be at most {LARGEST_SETTINGS_BYTES} bytes of JSON", "too_long"
        )
    return text
