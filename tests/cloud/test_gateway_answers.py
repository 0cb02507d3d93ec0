"""What a function returns becomes an answer, or a refusal that says nothing of the inside."""

import asyncio
from typing import Any

import pytest

from localstack.lambdas.model import (
    Invocation,
    RequestTooLargeError,
    ResourceNotFoundError,
    TooManyRequestsError,
)
from tests.support.gateway import Behind, gateway

INTERNAL = (500, {"message": "Internal Server Error"})
UNAVAILABLE = (503, {"message": "Service Unavailable"})


@pytest.mark.parametrize(
    ("result", "status", "content_type", "body"),
    [
        ({"statusCode": 201, "headers": {"Content-Type": "a/b"}, "body": "é"}, 201, "a/b", "é".encode()),
        ({"statusCode": "404", "body": ""}, 404, None, b""),
        ({"statusCode": 200, "body": "AP8=", "isBase64Encoded": True}, 200, None, b"\x00\xff"),
        ({"statusCode": 204, "headers": {"content-length": "0"}}, 204, None, b""),
        ({"statusCode": 204, "body": "none is allowed"}, 204, None, b""),
        ({"statusCode": 304, "body": "none is allowed"}, 304, None, b""),
        ({"a": 1}, 200, "application/json", b'{"a":1}'),
        ({"body": "no status"}, 200, "application/json", b'{"body":"no status"}'),
        ("hello", 200, "application/json", b"hello"),
        ([1], 200, "application/json", b"[1]"),
    ],
)
async def test_a_result_is_an_answer(result: Any, status: int, content_type: str | None, body: bytes) -> None:
    """With a status it is taken as it stands; without one it is itself the body of a 200."""
    async with gateway(Behind(result)) as client:
        answer = await client.get("/")

    assert (answer.status_code, answer.headers.get("Content-Type"), answer.content) == (
        status,
        content_type,
        body,
    )


async def test_headers_and_cookies_go_out() -> None:
    """Each cookie has its own Set-Cookie, numbers are written out, and the connection is the gateway's."""
    result = {
        "statusCode": 200,
        "headers": {"X-Number": 3, "X-Text": "é", "Connection": "close", "Content-Length": "99"},
        "cookies": ["a=1; Path=/", "b=2"],
        "body": "four",
    }
    async with gateway(Behind(result)) as client:
        answer = await client.get("/")

    assert answer.headers.get_list("Set-Cookie") == ["a=1; Path=/", "b=2"]
    assert (answer.headers["X-Number"], answer.headers["Content-Length"]) == ("3", "4")
    assert "Connection" not in answer.headers


async def test_head_has_the_length_that_the_function_states() -> None:
    """What GET would send is not sent, so only the function knows its length; nonsense is left out."""
    stated = [{"statusCode": 200, "headers": {"content-length": length}} for length in ("9", "nine")]
    told = []
    for result in stated:
        async with gateway(Behind(result)) as client:
            told.append((await client.head("/")).headers.get("Content-Length"))

    assert told == ["9", None]


@pytest.mark.parametrize(
    "result",
    [
        {"statusCode": 99},
        {"statusCode": 600},
        {"statusCode": "ok"},
        {"statusCode": None},
        {"statusCode": True},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "body": "***", "isBase64Encoded": True},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"a": ["b"]}},
        {"statusCode": 200, "headers": {"a": "b\r\nset-cookie: c"}},
        {"statusCode": 200, "cookies": "a=1"},
        {"statusCode": 200, "cookies": ["a=1\n"]},
        b"not json",
        b"",
    ],
)
async def test_a_malformed_answer_is_a_fault(result: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The client learns that something broke, the log what."""
    async with gateway(Behind(result)) as client:
        answer = await client.get("/")

    assert (answer.status_code, answer.json()) == INTERNAL
    assert "the answer of the-function is malformed" in caplog.text


async def test_a_functions_error_stays_inside(caplog: pytest.LogCaptureFixture) -> None:
    """A failed invocation is 500 without a word of why; the log has the error."""
    async with gateway(Behind({"errorMessage": "the secret reason"}, failed=True)) as client:
        answer = await client.get("/")

    assert (answer.status_code, answer.json()) == INTERNAL
    assert "the secret reason" in caplog.text


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TooManyRequestsError(), UNAVAILABLE),
        (RequestTooLargeError(), (413, {"message": "Request Entity Too Large"})),
        (ResourceNotFoundError(), INTERNAL),
        (OSError("no process"), INTERNAL),
    ],
)
async def test_what_cannot_be_invoked_is_said_to_be_so(
    error: Exception, expected: tuple[int, dict[str, str]]
) -> None:
    """A throttled function is unavailable, a large event is the client's; other trouble is a fault."""

    async def invoke(_name: str, _payload: bytes) -> Invocation:
        raise error

    async with gateway(invoke) as client:
        answer = await client.get("/")

    assert (answer.status_code, answer.json()) == expected


async def test_a_late_function_is_given_up_and_ends_by_itself() -> None:
    """The client gets 503 when the route's time is over; the function is not stopped."""
    may_end, ended = asyncio.Event(), asyncio.Event()

    async def invoke(_name: str, _payload: bytes) -> Invocation:
        await may_end.wait()
        ended.set()
        raise RuntimeError("nobody hears this")

    async with gateway(invoke, timeout_seconds=0.01) as client:
        answer = await client.get("/")
        may_end.set()
        await asyncio.wait_for(ended.wait(), 10)

    assert (answer.status_code, answer.json()) == UNAVAILABLE


async def test_no_route_is_not_found() -> None:
    """An API without `$default` answers for itself."""
    async with gateway(Behind(), "GET /jobs") as client:
        answer = await client.post("/jobs")

    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})
    assert answer.headers["Content-Type"] == "application/json"
