"""The gateway's limits, and clients that leave or want something else, over a real connection."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.client import HTTPResponse

import pytest
from starlette.types import ASGIApp, Message

from localstack.gateway import Gateway
from localstack.gateway.receiving import BODY_BYTES, HEAD_BYTES
from localstack.lambdas.model import Invocation, Invoke
from tests.support.functions_in_process import CORS
from tests.support.gateway import Behind, deployed_routes
from tests.support.raw_http import exchange
from tests.support.served import listening


@contextmanager
def gateway_on_a_port(invoke: Invoke) -> Iterator[str]:
    @asynccontextmanager
    async def application() -> AsyncIterator[ASGIApp]:
        yield Gateway(deployed_routes(cors=CORS), invoke)

    with listening(application) as url:
        yield url


@pytest.fixture(scope="module")
def behind() -> Behind:
    return Behind({"statusCode": 200, "body": "answered"})


@pytest.fixture(scope="module")
def url(behind: Behind) -> Iterator[str]:
    with gateway_on_a_port(behind) as url:
        yield url


@contextmanager
def half_sent(url: str, text: bytes) -> Iterator[socket.socket]:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(text)
        yield connection


def test_a_body_said_to_be_too_large_is_not_awaited(url: str) -> None:
    """Its length alone is enough to refuse it, and a browser may read the refusal."""
    head = b"POST / HTTP/1.1\r\nHost: a\r\nOrigin: null\r\nContent-Length: %d\r\n\r\n" % (BODY_BYTES + 1)
    with half_sent(url, head) as connection, HTTPResponse(connection) as answer:
        answer.begin()

        assert (answer.status, answer.read()) == (413, b'{"message":"Request Entity Too Large"}')
        assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_body_of_unknown_length_is_counted(url: str, behind: Behind) -> None:
    """One that is too large in the end is refused as well, and the largest goes through."""
    largest, more = b"%x\r\n%s\r\n" % (BODY_BYTES, b"a" * BODY_BYTES), b"1\r\na\r\n"
    chunked = [("Transfer-Encoding", b"chunked")]
    fits = exchange(url, "POST", b"/", chunked, largest + b"0\r\n\r\n")
    received = behind.events[-1]["headers"]["content-length"]
    refused = exchange(url, "POST", b"/", chunked, largest + more + b"0\r\n\r\n")

    assert (fits.status, received) == (200, str(BODY_BYTES))
    assert (refused.status, refused.body) == (413, b'{"message":"Request Entity Too Large"}')


@pytest.mark.parametrize("where", ["target", "header"])
def test_a_head_that_is_too_long_is_refused(url: str, where: str) -> None:
    """Request line and header values count together."""
    long = b"a" * HEAD_BYTES
    if where == "target":
        answer = exchange(url, "GET", b"/?" + long, [])
    else:
        answer = exchange(url, "GET", b"/", [("X-Long", long)])

    assert (answer.status, answer.body) == (431, b'{"message":"Request Header Fields Too Large"}')


async def test_a_websocket_is_refused(behind: Behind) -> None:
    """An HTTP API has none: the handshake is closed, which a client sees as 403."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await Gateway(deployed_routes(), behind)({"type": "websocket", "path": "/"}, receive, send)

    assert sent == [{"type": "websocket.close"}]


def test_a_client_that_leaves_takes_nothing_along() -> None:
    """Half a body, or a connection closed while the function runs, and the next request is answered."""
    running, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    async def invoke(_name: str, _payload: bytes) -> Invocation:
        running.set()
        await asyncio.to_thread(may_end.wait)
        ended.set()
        return Invocation(b'{"statusCode": 200}')

    with gateway_on_a_port(invoke) as url:
        with half_sent(url, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf"):
            pass
        with half_sent(url, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nfull"):
            assert running.wait(20)
        may_end.set()
        assert ended.wait(20)
        assert exchange(url, "GET", b"/", []).status == 200
