"""What a client is told of a function's result: status, headers, cookies, body."""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any

import orjson

from localstack.gateway.event import HOP_BY_HOP

_STATUSES = range(200, 600)


class MalformedAnswerError(Exception):
    """The function's result is no answer of payload format 2.0."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer as it goes out; `headers` has each name once, `cookies` become Set-Cookie."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()
    body: bytes = b""


def gateway_answer(status: int, message: str) -> HttpAnswer:
    """What the gateway says for itself."""
    return HttpAnswer(status, {"content-type": "application/json"}, body=orjson.dumps({"message": message}))


def function_answer(payload: bytes) -> HttpAnswer:
    """The answer in a function's result; a result without a status is itself the body of a 200.

    Raises MalformedAnswerError.
    """
    try:
        result = orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise MalformedAnswerError(f"it is not JSON: {error}") from error
    if not isinstance(result, dict) or "statusCode" not in result:
        body = result.encode() if isinstance(result, str) else payload
        return HttpAnswer(200, {"content-type": "application/json"}, body=body)
    cookies = result.get("cookies") or []
    if not isinstance(cookies, list) or not all(isinstance(cookie, str) for cookie in cookies):
        raise MalformedAnswerError("`cookies` is not a list of strings")
    _require_one_line(*cookies)
    return HttpAnswer(_status(result["statusCode"]), _headers(result), tuple(cookies), _body(result))


def _status(given: Any) -> int:
    try:
        status = int(given)
    except (TypeError, ValueError):
        status = 0
    if isinstance(given, bool | float) or status not in _STATUSES:
        raise MalformedAnswerError(f"`statusCode` is {given!r}")
    return status


def _headers(result: dict[str, Any]) -> dict[str, str]:
    given = result.get("headers") or {}
    if not isinstance(given, dict):
        raise MalformedAnswerError("`headers` is not an object")
    headers = {}
    for name, value in given.items():
        if isinstance(value, list | dict) or value is None:
            raise MalformedAnswerError(f"the header {name!r} is not a string")
        if name.lower() not in HOP_BY_HOP:
            headers[name.lower()] = value if isinstance(value, str) else orjson.dumps(value).decode()
    _require_one_line(*headers, *headers.values())
    return headers


def _require_one_line(*texts: str) -> None:
    if any(character in text for text in texts for character in "\r\n\0"):
        raise MalformedAnswerError("a header holds the end of a line")


def _body(result: dict[str, Any]) -> bytes:
    body = result.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise MalformedAnswerError("`body` is not a string")
    if not result.get("isBase64Encoded"):
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise MalformedAnswerError(f"`body` is not base64: {error}") from error
