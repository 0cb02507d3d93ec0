"""What a function is told of a request: the event of payload format 2.0.

The path is decoded, in `rawPath` too, as HTTP APIs do it. Where AWS is silent the event loses nothing: a text
body that is no UTF-8 goes as base64.
"""

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Scope

from localstack.gateway.routes import Matched

API_ID = "local"
STAGE = "$default"
_PORT = re.compile(r":\d*$")
_TEXT = ("text/", "application/json", "application/javascript", "application/xml")
# They speak of one connection, and the function is not on it.
HOP_BY_HOP = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the gateway itself knows of a request."""

    account_id: str
    request_id: str
    trace_id: str
    now: datetime


def event_of(scope: Scope, body: bytes, matched: Matched, arrival: Arrival) -> dict[str, Any]:
    """The event for an ASGI request whose body is here in full."""
    headers = joined_headers(scope["headers"])
    cookies = [cookie.strip() for cookie in headers.pop("cookie", "").split(";") if cookie.strip()]
    _add_own_headers(headers, scope, body, arrival)
    query = scope["query_string"].decode("latin-1")
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": matched.route.key,
        "rawPath": scope["path"],
        "rawQueryString": query,
        "headers": headers,
        "requestContext": _context(scope, headers, matched, arrival),
    }
    if cookies:
        event["cookies"] = cookies
    if parameters := _query_parameters(query):
        event["queryStringParameters"] = parameters
    if matched.parameters:
        event["pathParameters"] = matched.parameters
    return event | _body(body, headers.get("content-type", ""))


def joined_headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by lower-case name, the values of repeated ones joined by commas."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1").lower(), _text(raw_value)
        separator = "; " if name == "cookie" else ","
        headers[name] = f"{headers[name]}{separator}{value}" if name in headers else value
    return headers


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _query_parameters(query: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values[name] = f"{values[name]},{value}" if name in values else value
    return values


def _add_own_headers(headers: dict[str, str], scope: Scope, body: bytes, arrival: Arrival) -> None:
    for name in HOP_BY_HOP & headers.keys():
        del headers[name]
    client, server = scope.get("client"), scope.get("server")
    port = (server and server[1]) or (443 if scope["scheme"] == "https" else 80)
    came_by = [headers["x-forwarded-for"]] if "x-forwarded-for" in headers else []
    headers["content-length"] = str(len(body))
    headers["x-forwarded-for"] = ", ".join([*came_by, client[0] if client else ""])
    headers["x-forwarded-proto"] = scope["scheme"]
    headers["x-forwarded-port"] = str(port)
    headers.setdefault("x-amzn-trace-id", arrival.trace_id)


def _context(scope: Scope, headers: dict[str, str], matched: Matched, arrival: Arrival) -> dict[str, Any]:
    domain = _PORT.sub("", headers.get("host", "localhost"))
    client = scope.get("client")
    return {
        "accountId": arrival.account_id,
        "apiId": API_ID,
        "domainName": domain,
        "domainPrefix": domain.partition(".")[0],
        "http": {
            "method": scope["method"],
            "path": scope["path"],
            "protocol": f"HTTP/{scope['http_version']}",
            "sourceIp": client[0] if client else "",
            "userAgent": headers.get("user-agent", ""),
        },
        "requestId": arrival.request_id,
        "routeKey": matched.route.key,
        "stage": STAGE,
        "time": arrival.now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(arrival.now.timestamp() * 1000),
    }


def _body(body: bytes, content_type: str) -> dict[str, Any]:
    if not body:
        return {"isBase64Encoded": False}
    if content_type.lower().startswith(_TEXT):
        try:
            return {"body": body.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
