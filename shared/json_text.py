"""JSON values as the text that the database keeps."""

import json
from typing import Any

from shared.errors import InvalidInputError


def json_text(value: Any, field: str) -> str:
    """Compact JSON; integers of any size stay exact.

    Raises InvalidInputError for a number that JSON cannot hold (1e999 reads as infinity).
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError:
        raise InvalidInputError.of_field(
            field, "holds a number out of range", "number_out_of_range"
        ) from None
