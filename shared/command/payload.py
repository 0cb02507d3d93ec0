"""Payloads as they are given: checked, and sent as they were written."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.command.kinds import parsed_json

EMPTY = "{}"


def payload_of(given: str | None, *, is_text: bool = False) -> str:
    """The JSON text of an argument: itself, of standard input for `-`, of a file for `@file`.

    With `is_text` it is text to be put into JSON. Raises ValueError for what is no JSON, OSError for a file
    that cannot be read.
    """
    if given is None:
        return EMPTY
    if given == "-":
        given = sys.stdin.buffer.read().decode()
    elif given.startswith("@") and not is_text:
        given = Path(given[1:]).read_text(encoding="utf-8")
    return json_of(given, is_text=is_text)


def json_of(text: str, *, is_text: bool = False) -> str:
    """The text itself when it is JSON, or made JSON as a string."""
    # An argument with bytes that are no UTF-8 has marks in it that no JSON can hold.
    text.encode()
    if is_text:
        return json.dumps(text, ensure_ascii=False)
    parsed_json(text)
    return text


def with_payload(fields: Mapping[str, Any], payload: str) -> str:
    """The JSON of a job. The payload is not taken apart, so that no number in it changes."""
    return json.dumps({**fields, "payload": 0}, ensure_ascii=False)[:-2] + payload + "}"
