"""Request bodies: bounded before they are parsed, JSON whatever the Content-Type says."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from pydantic_core import from_json
from starlette.types import Receive, Scope

from shared.edge.eager import Begun
from shared.edge.headers import read_headers
from shared.errors import InvalidInputError, PayloadTooLargeError, RequestIncompleteError
from shared.json_text import MOST_PARTS
from shared.limits.body_room import SMALL_BODY, BodyRoom

_DEEPEST = 128
_TEXT = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_MOST_FORM_FIELDS = 20


async def read_body(scope: Scope, receive: Receive, limit: int, seconds: float, room: BodyRoom) -> bytes:
    """The whole body, never more than `limit` bytes of it in memory; a large one is read when it has room.

    Raises PayloadTooLargeError above the limit, CrowdedError where there is no room for long, and
    RequestIncompleteError when the client goes away or is not done after so many seconds.
    """
    reading = Begun(_read(scope, receive, limit, room))
    if reading.is_over:
        return await reading
    try:
        async with asyncio.timeout(seconds):
            return await reading
    except TimeoutError:
        raise RequestIncompleteError from None


async def _read(scope: Scope, receive: Receive, limit: int, room: BodyRoom) -> bytes:
    too_large = PayloadTooLargeError(f"The request body is larger than {limit} bytes.")
    declared = read_headers(scope).get("content-length", "")
    # Python refuses to read thousands of digits; twenty that count are above any limit.
    length = int(declared.lstrip("0")[:20] or "0") if declared.isdecimal() else 0
    if length > limit:
        raise too_large
    await room.take(length)
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestIncompleteError
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise too_large
        if size > max(length, SMALL_BODY):  # which nobody has said
            await room.take(limit)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def parse_json(raw: bytes) -> Any:
    """The JSON value of a body; an empty body is `{}`.

    Raises InvalidInputError for what is no JSON, is nested too deep, has too many lists and objects, or holds
    text that cannot be stored.
    """
    if not raw.strip():
        return {}
    # Told before it is read: each costs memory, and garbage is looked for in it again and again.
    brackets = _brackets_in(raw)
    if brackets > MOST_PARTS and _brackets_in(_TEXT.sub(b"", raw)) > MOST_PARTS:
        raise InvalidInputError.of_field(
            "body", f"holds more than {MOST_PARTS} lists and objects: send less at a time", "too_many"
        )
    try:
        value = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise InvalidInputError.of_field("body", f"is not valid JSON: {error}", "json_invalid") from None
    look_for_nul = b"\\u0000" in raw
    if look_for_nul or (brackets > _DEEPEST and _is_too_deep(value)):
        _refuse_unstorable(value, "body", 0, look_for_nul=look_for_nul)
    return value


def parse_event(raw: bytes, content_type: str = "") -> Any:
    """The JSON value of a webhook's body, which a form holds in its field `payload`.

    Raises InvalidInputError as `parse_json`, and for an empty body or a form without that field.
    """
    if content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        try:
            form = parse_qs(raw.decode(), errors="strict", max_num_fields=_MOST_FORM_FIELDS)
        except ValueError:
            raise InvalidInputError.of_field("body", "is not a readable form", "form_invalid") from None
        raw = form.get("payload", [""])[0].encode()
    if not raw.strip():
        raise InvalidInputError.of_field("body", "is empty: an event in JSON is required", "json_invalid")
    return parse_json(raw)


def refuse_encoded(headers: Mapping[str, str]) -> None:
    """Raise InvalidInputError for a body that says it is compressed: how large it would be, nobody knows."""
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding not in {"", "identity"}:
        raise InvalidInputError.of_field(
            "body", f"is sent as {encoding[:50]!r} (Content-Encoding): send it uncompressed", "compressed"
        )


def refuse_nul(field: str, text: str) -> None:
    """Raise InvalidInputError for text with a NUL character, which no database column can hold."""
    if "\x00" in text:
        raise InvalidInputError.of_field(field, "must not contain the NUL character", "nul_character")


def _brackets_in(raw: bytes) -> int:
    """At least as many as there are lists and objects, as texts have some too."""
    return raw.count(b"[") + raw.count(b"{")


def _is_too_deep(value: Any) -> bool:
    """Told level by level, without a call for each part: where it lies is looked for when it is."""
    level: list[Any] = [[value]]
    for _ in range(_DEEPEST + 1):
        level = [
            item
            for holder in level
            for item in (holder.values() if type(holder) is dict else holder)
            if type(item) is dict or type(item) is list
        ]
        if not level:
            return False
    return True


def _refuse_unstorable(value: Any, path: str, depth: int, *, look_for_nul: bool) -> None:
    if isinstance(value, dict | list):
        if depth >= _DEEPEST:
            raise InvalidInputError.of_field(path, f"is nested deeper than {_DEEPEST} levels", "too_deep")
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            if look_for_nul and isinstance(key, str):
                refuse_nul(path, key)
            if isinstance(item, dict | list) or look_for_nul:
                _refuse_unstorable(item, f"{path}.{key}", depth + 1, look_for_nul=look_for_nul)
    elif look_for_nul and isinstance(value, str):
        refuse_nul(path, value)
