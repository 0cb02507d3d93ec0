"""Answers: JSON in one pass, user JSON carried through unparsed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from shared.errors import RequestIncompleteError, SpooledError

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a function answers when its route's own status and headers are not enough.

    `body` is anything that JSON can hold (`bytes` go out as they are); None with status 204 is no body.
    """

    body: Any = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON


def encode(body: Any) -> bytes:
    """The bytes of a JSON answer; datetimes in UTC end in `Z`."""
    return body if isinstance(body, bytes) else orjson.dumps(body, option=orjson.OPT_UTC_Z)


def error_answer(error: SpooledError) -> Answer:
    """The answer for an error: the same shape for every status."""
    headers = {} if error.retry_after is None else {"retry-after": str(error.retry_after)}
    if isinstance(error, RequestIncompleteError):
        headers["connection"] = "close"  # what comes of the body late is no new request
    return Answer(error.body(), error.status, headers)
