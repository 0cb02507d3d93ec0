"""A function is told of a request what API Gateway tells it in payload format 2.0."""

import base64

import pytest

from tests.support.gateway import Behind, gateway


async def test_the_event_is_that_of_format_two() -> None:
    """Every member that a function may read is there, under its name and in its form."""
    behind = Behind()
    async with gateway(behind, "POST /jobs/{job_id}/{rest+}") as client:
        answer = await client.post(
            "/jobs/a%20b/c/d?x=1&x=2&y=%26&z",
            headers=[
                ("User-Agent", "test"),
                ("Accept", "a/b"),
                ("Accept-Encoding", "none"),
                ("X-Twice", "1"),
                ("X-Twice", "2"),
                ("Cookie", "a=1; b=2"),
                ("X-Forwarded-For", "198.51.100.1"),
                ("X-Forwarded-Proto", "https"),
                ("Connection", "keep-alive"),
                ("Content-Type", "text/plain; charset=utf-8"),
            ],
            content="é",
        )

    assert answer.headers["apigw-requestid"] == "AAAAAAAAAAAAAAA="
    assert behind.events == [
        {
            "version": "2.0",
            "routeKey": "POST /jobs/{job_id}/{rest+}",
            "rawPath": "/jobs/a b/c/d",
            "rawQueryString": "x=1&x=2&y=%26&z",
            "cookies": ["a=1", "b=2"],
            "headers": {
                "accept": "a/b",
                "accept-encoding": "none",
                "content-length": "2",
                "content-type": "text/plain; charset=utf-8",
                "host": "api.example.com:8080",
                "user-agent": "test",
                "x-amzn-trace-id": "Root=1-69b30e1e-000000000000000000000000",
                "x-forwarded-for": "198.51.100.1, 192.0.2.7",
                "x-forwarded-port": "8080",
                "x-forwarded-proto": "http",
                "x-twice": "1,2",
            },
            "queryStringParameters": {"x": "1,2", "y": "&", "z": ""},
            "pathParameters": {"job_id": "a b", "rest": "c/d"},
            "requestContext": {
                "accountId": "",
                "apiId": "local",
                "domainName": "api.example.com",
                "domainPrefix": "api",
                "http": {
                    "method": "POST",
                    "path": "/jobs/a b/c/d",
                    "protocol": "HTTP/1.1",
                    "sourceIp": "192.0.2.7",
                    "userAgent": "test",
                },
                "requestId": "AAAAAAAAAAAAAAA=",
                "routeKey": "POST /jobs/{job_id}/{rest+}",
                "stage": "$default",
                "time": "12/Mar/2026:19:03:58 +0000",
                "timeEpoch": 1773342238123,
            },
            "body": "é",
            "isBase64Encoded": False,
        }
    ]


async def test_what_is_not_there_is_left_out() -> None:
    """Without query, parameters, cookies and body the event has no member for them."""
    behind = Behind()
    async with gateway(behind) as client:
        await client.get("/")

    absent = {"queryStringParameters", "pathParameters", "cookies", "body", "stageVariables"}
    assert absent & behind.events[0].keys() == set()
    assert (behind.events[0]["rawQueryString"], behind.events[0]["isBase64Encoded"]) == ("", False)


@pytest.mark.parametrize(
    ("content_type", "body", "encoded"),
    [
        ("application/json", b"{}", False),
        ("APPLICATION/JSON", b"{}", False),
        ("application/xml", b"<a/>", False),
        ("application/javascript", b"1", False),
        ("text/csv", b"1", False),
        ("application/x-www-form-urlencoded", b"a=1", True),
        ("application/octet-stream", b"\x00\xff", True),
        ("", b"{}", True),
        ("application/json", b"\xff", True),
    ],
)
async def test_what_is_no_text_comes_as_base64(content_type: str, body: bytes, encoded: bool) -> None:  # noqa: FBT001
    """The type of the content decides, and what is no text after all is not lost."""
    behind = Behind()
    async with gateway(behind) as client:
        await client.post("/", content=body, headers={"Content-Type": content_type} if content_type else {})

    event = behind.events[0]
    told = base64.b64decode(event["body"]) if encoded else event["body"].encode()
    assert (event["isBase64Encoded"], told) == (encoded, body)


async def test_a_trace_goes_on() -> None:
    """Who traces a request already keeps its trace."""
    behind = Behind()
    async with gateway(behind) as client:
        await client.get("/", headers={"X-Amzn-Trace-Id": "Root=1-2-3"})

    assert behind.events[0]["headers"]["x-amzn-trace-id"] == "Root=1-2-3"


async def test_a_port_nobody_named_is_that_of_the_scheme() -> None:
    """A gateway behind a Unix socket has no port of its own, and its functions want a number."""
    behind = Behind()
    async with gateway(behind) as client:
        await client.get("http://api.example.com/")

    assert behind.events[0]["headers"]["x-forwarded-port"] == "80"
