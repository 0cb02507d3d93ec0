"""An answer through gateway and handler is that of the service itself, however odd the request."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from starlette.types import ASGIApp

from functions.app import every_function
from localstack.gateway import Gateway
from shared.settings import Settings
from tests.support.functions_in_process import deployed_here, functions_in_process
from tests.support.raw_http import RawAnswer, exchange
from tests.support.served import listening, served

BOTH = ("service", "gateway")
JSON = ("Content-Type", b"application/json")
JOB = b'{"queue_name": "emails", "payload": {"n": "\xc3\xa9\xf0\x9f\x8c\x8d"}}'
# They tell of the connection, the moment or the gateway, or are taken over by its CORS configuration.
_APART = {"date", "server", "connection", "transfer-encoding", "apigw-requestid", "x-request-id"}
_MOVING = {"x-ratelimit-reset"}


@dataclass(frozen=True)
class Odd:
    """A request that is awkward in one way."""

    method: str
    target: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    body: bytes | None = None
    signed: bool = True

    def sent_to(self, url: str, key: str) -> RawAnswer:
        headers = list(self.headers)
        if self.signed:
            headers.insert(0, ("Authorization", b"Bearer " + key.encode()))
        if self.body is not None and not any(name == "Transfer-Encoding" for name, _ in headers):
            headers.append(("Content-Length", str(len(self.body)).encode()))
        return exchange(url, self.method, self.target, headers, self.body or b"")


def post(body: bytes, *headers: tuple[str, bytes]) -> Odd:
    return Odd("POST", b"/api/v1/jobs", headers or (JSON,), body)


def get(target: bytes, *headers: tuple[str, bytes], signed: bool = True) -> Odd:
    return Odd("GET", b"/api/v1" + target, headers, signed=signed)


REQUESTS: dict[str, Odd] = {
    "plain": get(b"/queues"),
    "health": Odd("GET", b"/health/live", signed=False),
    "no credential": get(b"/jobs", signed=False),
    "encoded letter in a fixed segment": get(b"/%6Aobs"),
    "encoded letter in a parameter": get(b"/queues/em%61ils/config"),
    "encoded slash": get(b"/queues/a%2Fb"),
    "encoded space": get(b"/queues/a%20b"),
    "plus in the path": get(b"/queues/a+b"),
    "semicolon in the path": get(b"/queues/a;b=c"),
    "unicode in the path": get(b"/queues/%C3%A9%F0%9F%8C%8D"),
    "bad UTF-8 in the path": get(b"/queues/%ff%fe"),
    "a percent that encodes nothing": get(b"/queues/100%"),
    "NUL in the path": get(b"/queues/a%00b"),
    "dots in the path": get(b"/jobs/../queues"),
    "encoded dots": get(b"/jobs/%2e%2e/stats"),
    "double slash": Odd("GET", b"//api/v1/queues"),
    "trailing slash": get(b"/queues/"),
    "trailing slash of a parameter": get(b"/queues/emails/"),
    "encoded question mark": get(b"/queues/a%3Fb?limit=1"),
    "encoded line end": get(b"/queues/a%0Ab"),
    "braces": get(b"/queues/{queue_name}"),
    "greedy name": get(b"/%7Bproxy+%7D"),
    "duplicate query keys": get(b"/jobs?limit=1&limit=2&queue=a&queue=b"),
    "a query name without a value": get(b"/jobs?limit"),
    "a query of one unknown name": get(b"/jobs?a"),
    "semicolons in the query": get(b"/jobs?limit=1;offset=2"),
    "plus and space in the query": get(b"/jobs?queue=a+b&status=c%20d"),
    "encoded comma and ampersand": get(b"/jobs?queue=a%2Cb%26c"),
    "bad UTF-8 in the query": get(b"/jobs?queue=%ff"),
    "raw bytes in the query": get(b"/jobs?queue=\xc3\xa9"),
    "raw bad bytes in the query": get(b"/jobs?queue=\xff"),
    "an empty query": get(b"/jobs?"),
    "question marks": get(b"/jobs??limit=1?2"),
    "only separators": get(b"/jobs?&&==&"),
    "a long query": get(b"/jobs?queue=" + b"a" * 8000),
    "a NUL in the query": get(b"/jobs?queue=a%00"),
    "a job": post(JOB),
    "a job without a content type": Odd("POST", b"/api/v1/jobs", (), JOB),
    "a job as a form": post(JOB, ("Content-Type", b"application/x-www-form-urlencoded")),
    "a job as vendor JSON": post(JOB, ("Content-Type", b"application/vnd.api+json")),
    "a job as anything": post(JOB, ("Content-Type", b"application/octet-stream")),
    "a content type in capitals": post(JOB, ("Content-Type", b"APPLICATION/JSON; CHARSET=UTF-8")),
    "no body": post(b""),
    "no body and no length": Odd("POST", b"/api/v1/jobs"),
    "white space": post(b" \r\n\t "),
    "a binary body": post(bytes(range(256)), ("Content-Type", b"application/octet-stream")),
    "bad UTF-8 said to be JSON": post(b'{"queue_name": "\xff"}'),
    "a surrogate": post(b'{"queue_name": "\\ud800"}'),
    "a byte order mark": post(b"\xef\xbb\xbf" + JOB),
    "a body in UTF-16": post(JOB.decode().encode("utf-16")),
    "a NUL byte": post(b'{"queue_name": "a\x00"}'),
    "quotes and backslashes": post(b'{"queue_name": "emails", "payload": "\\"\\\\\\u0041\\n"}'),
    "line ends": post(b'{\r\n"queue_name":\r"emails",\n"payload":1}'),
    "large": post(b'{"queue_name": "emails", "payload": "' + b"a" * 900_000 + b'"}'),
    "chunked": post(
        b"%x\r\n%s\r\n5\r\n     \r\n0\r\n\r\n" % (len(JOB), JOB), JSON, ("Transfer-Encoding", b"chunked")
    ),
    "waits for 100": post(JOB, JSON, ("Expect", b"100-continue")),
    "a body on GET": Odd("GET", b"/api/v1/queues", (JSON,), b'{"a": 1}'),
    "a body on DELETE": Odd("DELETE", b"/api/v1/queues/none", (JSON,), b"{}"),
    "an answer of 204": Odd("POST", b"/api/v1/auth/logout"),
    "HEAD": Odd("HEAD", b"/api/v1/queues"),
    "HEAD of nothing": Odd("HEAD", b"/api/v1/nothing"),
    "HEAD of what is only posted": Odd("HEAD", b"/api/v1/jobs/bulk"),
    "OPTIONS": Odd("OPTIONS", b"/api/v1/jobs"),
    "OPTIONS of nothing": Odd("OPTIONS", b"/nothing"),
    "unknown path": get(b"/nothing"),
    "root": Odd("GET", b"/"),
    "wrong method": Odd("PATCH", b"/api/v1/jobs"),
    "wrong method on two routes": Odd("PUT", b"/api/v1/queues/emails"),
    "a method of the fixed route on the parameter's": Odd("DELETE", b"/api/v1/jobs/stats"),
    "an unusual method": Odd("PROPFIND", b"/health"),
    "documentation": Odd("GET", b"/docs", signed=False),
    "OpenAPI": Odd("GET", b"/openapi.json", signed=False),
    "cookies": get(b"/queues", ("Cookie", b"a=1; b=2;c=3"), ("Cookie", b"d")),
    "two credentials": get(b"/queues", ("Authorization", b"Bearer nobody")),
    "two request ids": get(b"/queues", ("X-Request-Id", b"one"), ("X-Request-Id", b"two")),
    "a request id that is not sane": get(b"/queues", ("X-Request-Id", "é".encode())),
    "an empty header": get(b"/queues", ("X-Request-Id", b"")),
    "many headers": get(b"/queues", *[(f"X-{n}", b"a" * 50) for n in range(90)]),
    "a bad header byte": get(b"/queues", ("X-Anything", b"\xff\xe9")),
    "a credential of bad bytes": get(b"/queues", ("Authorization", b"Bearer \xff"), signed=False),
    "a host of an IPv6 address": get(b"/organizations/webhook-token", ("Host", b"[::1]:8080")),
    "a host with no number for a port": get(b"/organizations/webhook-token", ("Host", b"spooled:http")),
    "another host": get(b"/organizations/webhook-token", ("Host", b"api.example.com")),
    "forwarded for": get(b"/queues", ("X-Forwarded-For", b"192.0.2.1")),
    "an origin": get(b"/queues", ("Origin", b"https://app.example.com")),
    "an origin and no route": get(b"/nothing", ("Origin", b"null")),
    "preflight": Odd(
        "OPTIONS",
        b"/api/v1/jobs",
        (
            ("Origin", b"https://app.example.com"),
            ("Access-Control-Request-Method", b"POST"),
            ("Access-Control-Request-Headers", b"authorization"),
        ),
        signed=False,
    ),
}


@pytest.fixture(scope="module")
def answering(settings: Settings) -> Iterator[dict[str, str]]:
    """Where the service answers itself, and where the gateway does with the functions behind it."""

    @asynccontextmanager
    async def gateway() -> AsyncIterator[ASGIApp]:
        async with functions_in_process(settings) as invoke:
            yield Gateway(deployed_here(), invoke)

    with served(settings, every_function()[0]) as service, listening(gateway) as url:
        yield {"service": service.url, "gateway": url}


@pytest.fixture(scope="module")
def key(answering: dict[str, str]) -> str:
    made = httpx.post(
        answering["service"] + "/api/v1/organizations", json={"name": "Odd", "slug": "odd-requests"}
    )
    return str(made.json()["api_key"]["key"])


def relevant(answer: RawAnswer, odd: Odd) -> dict[str, str]:
    """The headers that have to be the same; without an origin nobody reads CORS headers."""
    names = {name for name, _ in odd.headers}
    dropped = _APART - ({"x-request-id"} if answer.headers.get("X-Request-Id", "") == "one,two" else set())
    if "Origin" not in names:
        dropped = dropped | {name.lower() for name in answer.headers if name.lower().startswith("access-")}
    if odd.method == "OPTIONS" and "Origin" in names:
        kept = {name.lower() for name in answer.headers if name.lower().startswith("access-")}
        dropped = {name.lower() for name in answer.headers} - kept | {"access-control-expose-headers"}
    return {
        name.lower(): ("..." if name.lower() in _MOVING else value.replace(", ", ","))
        for name, value in answer.headers.items()
        if name.lower() not in dropped
    }


@pytest.mark.parametrize("name", REQUESTS)
def test_both_give_the_same_answer(answering: dict[str, str], key: str, name: str) -> None:
    """Status, body and headers are those of the service, whatever lies between."""
    odd = REQUESTS[name]
    service, gateway = (odd.sent_to(answering[way], key) for way in BOTH)

    assert (gateway.status, gateway.settled_body) == (service.status, service.settled_body)
    assert relevant(gateway, odd) == relevant(service, odd)
