"""What no client library sends, byte by byte: refused in good form or hung up on, and nothing is held."""

import socket
from collections.abc import Iterable
from contextlib import suppress

import httpx
import pytest

from tests.support.raw_http import said_to
from tests.support.victim import Victim

MEGABYTE = 1_000_000
HEAD = b"Host: a\r\n"
GET = b"GET /health/live HTTP/1.1\r\n" + HEAD
POST = b"POST /api/v1/auth/validate HTTP/1.1\r\n" + HEAD
ENDS = b"Connection: close\r\n\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
MOST_MEGABYTES = 30.0
"""Before they were bounded, a head or a trailer of so many megabytes was held whole, or many times over."""

FLOODS = {
    "address": [b"GET /", b"a" * 70_000],
    "address without end": [b"GET /", *[b"a" * MEGABYTE] * 80],
    "header": [GET, b"a: ", b"b" * 70_000, b"\r\n\r\n"],
    "header without end": [GET, b"a: ", *[b"b" * MEGABYTE] * 80],
    "name without end": [GET, *[b"a" * MEGABYTE] * 80],
    "headers": [GET, *[b"a: b\r\n" * 20_000] * 10],
    "headers of one name": [GET, *[b"a:\r\n" * 40_000] * 10],
    "method": [b"G" * MEGABYTE],
    "extension of a chunk": [CHUNKED, b"1;", *[b"a" * MEGABYTE] * 80],
    "trailers": [CHUNKED, b"0\r\n", *[b"a: b\r\n" * 20_000] * 40],
    "trailer without end": [CHUNKED, b"0\r\na: ", *[b"b" * MEGABYTE] * 80],
    "zeros before a size": [CHUNKED, *[b"0" * MEGABYTE] * 80],
    "spaces before a value": [GET, b"a:", *[b" " * MEGABYTE] * 80],
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_is_refused_and_not_held(victim: Victim, flood: str) -> None:
    """Whoever sends more than 64 KB of head or trailers is told 400 and hung up on, however it goes on."""
    with victim.costing() as cost:
        answer = said_to(victim.port, FLOODS[flood])

    assert answer.startswith((b"HTTP/1.1 400", b"")), answer[:100]
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert cost.megabytes < MOST_MEGABYTES, cost
    assert victim.faults() == [], victim.run.said[-3000:]


def test_a_head_of_64_kilobytes_is_read(victim: Victim) -> None:
    """Below the limit all is well, also in pieces and behind another request on the same connection."""
    head = GET + b"a: " + b"b" * 60_000 + b"\r\n"
    whole = head + b"\r\n" + head + b"Connection: close\r\n\r\n"
    pieces = [whole[at : at + 7_000] for at in range(0, len(whole), 7_000)]

    for sent in ([whole], pieces):
        assert said_to(victim.port, sent).count(b"HTTP/1.1 200") == 2


def test_trailers_say_nothing(victim: Victim) -> None:
    """A header that comes behind the body is no credential."""
    create = (
        b"GET /api/v1/jobs HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    trailer = b"Authorization: Bearer " + victim.key.encode()

    answer = said_to(victim.port, [create + b"0\r\n" + trailer + b"\r\n\r\n"])

    assert answer.startswith(b"HTTP/1.1 401")


BODY = b'{"token":"x"}'
SIZE = b"Content-Length: %d\r\n" % len(BODY)
HIDDEN = b"GET /health/live HTTP/1.1\r\n" + HEAD + b"\r\n"
AS_CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
SMUGGLED = {
    "length and chunks": POST + SIZE + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunks and length": POST + b"Transfer-Encoding: chunked\r\n" + SIZE + b"\r\n0\r\n\r\n" + HIDDEN,
    "two lengths": POST + SIZE + b"Content-Length: 0\r\n\r\n" + BODY + HIDDEN,
    "a list of lengths": POST + b"Content-Length: 0, 13\r\n\r\n" + BODY + HIDDEN,
    "a signed length": POST + b"Content-Length: +13\r\n\r\n" + BODY + HIDDEN,
    "a negative length": POST + b"Content-Length: -1\r\n\r\n" + BODY + HIDDEN,
    "a length in hexadecimal": POST + b"Content-Length: 0xd\r\n\r\n" + BODY + HIDDEN,
    "a length beyond 64 bits": POST + b"Content-Length: 99999999999999999999999\r\n\r\n" + BODY + HIDDEN,
    "no chunks": POST + b"Transfer-Encoding: xchunked\r\n\r\n" + AS_CHUNKS + HIDDEN,
    "chunks first": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n" + AS_CHUNKS + HIDDEN,
    "chunks twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n" + AS_CHUNKS + HIDDEN,
    "a space in the name": POST + b"Transfer-Encoding : chunked\r\n\r\n" + AS_CHUNKS + HIDDEN,
    "a tab of another kind": POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n" + AS_CHUNKS + HIDDEN,
    "a folded value": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + AS_CHUNKS + HIDDEN,
    "bare line feeds": (POST + SIZE + b"\r\n").replace(b"\r\n", b"\n") + BODY + HIDDEN,
    "bare returns": (POST + SIZE + b"\r\n").replace(b"\r\n", b"\r") + BODY + HIDDEN,
    "NUL in a header": POST + SIZE + b"a: b\x00c\r\n\r\n" + BODY + HIDDEN,
    "a size that is none": CHUNKED + b"zz\r\n" + BODY + HIDDEN,
    "a negative size": CHUNKED + b"-1\r\n" + BODY + HIDDEN,
    "a size beyond 64 bits": CHUNKED + b"fffffffffffffffff1\r\n" + BODY + HIDDEN,
    "a chunk without its end": CHUNKED + b"1\r\n{xx0\r\n\r\n" + HIDDEN,
    "a tunnel": b"CONNECT a:80 HTTP/1.1\r\n" + HEAD + b"\r\n" + HIDDEN,
    "HTTP/2 known before": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0" + HIDDEN,
    "an address that is no text": b"GET /\xff\xfe?\xff HTTP/1.1\r\n" + HEAD + b"\r\n",
    "a port that there is not": b"GET http://a:99999/ HTTP/1.1\r\n" + HEAD + b"\r\n",
}


@pytest.mark.parametrize("shape", SMUGGLED)
def test_a_request_that_has_two_ends_is_refused(victim: Victim, shape: str) -> None:
    """What two servers could read differently is one 400, and what is hidden behind it is never answered."""
    answer = said_to(victim.port, [SMUGGLED[shape]])

    assert answer.startswith(b"HTTP/1.1 400"), answer[:100]
    assert answer.count(b"HTTP/1.1 ") == 1
    assert victim.faults() == [], victim.run.said[-3000:]


ODD: dict[str, tuple[bytes, Iterable[int]]] = {
    "an upgrade to HTTP/2": (
        GET + b"Connection: Upgrade, HTTP2-Settings, close\r\n"
        b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
        {200},
    ),
    "a WebSocket by POST": (
        POST + b"Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\nhello",
        {0, 400, 405},
    ),
    "a WebSocket without a key": (
        b"GET /api/v1/ws HTTP/1.1\r\n" + HEAD + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        {400},
    ),
    "a WebSocket with a body": (
        GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\nhello",
        {0, 400},
    ),
    "a whole address": (GET.replace(b" /health", b" http://evil/health") + ENDS, {200}),
    "options of all": (b"OPTIONS * HTTP/1.1\r\n" + HEAD + ENDS, {404}),
    "HTTP/0.9": (b"GET /health/live\r\n\r\n", {200, 400}),
    "an expectation": (GET + b"Expect: 200-ok\r\n" + ENDS, {200}),
}


@pytest.mark.parametrize("oddity", ODD)
def test_an_odd_request_has_an_answer_and_an_end(victim: Victim, oddity: str) -> None:
    """It is answered below 500 or not at all, and the connection does not stay open for it."""
    request, statuses = ODD[oddity]

    answer = said_to(victim.port, [request])

    assert (int(answer[9:12] or 0)) in statuses, answer[:100]
    assert victim.faults() == [], victim.run.said[-3000:]


def test_pipelined_requests_are_answered_in_turn(victim: Victim) -> None:
    """Thousands at once are no more than that many, and nothing of them is held afterwards."""
    with victim.costing() as cost:
        answer = said_to(victim.port, [(GET + b"\r\n") * 2_000 + GET + b"Connection: close\r\n\r\n"])

    assert answer.count(b"HTTP/1.1 200 OK") == 2_001
    assert cost.megabytes < MOST_MEGABYTES


def test_a_client_that_never_reads_is_hung_up_on(victim: Victim) -> None:
    """Who asks again and again and takes no answer holds one answer at most, and not for long."""
    ask = b"GET /openapi.json HTTP/1.1\r\n" + HEAD + b"\r\n"
    httpx.get(f"{victim.run.url}/openapi.json", timeout=30)  # which is written when it is first asked for
    with socket.socket() as client, victim.costing() as cost:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", victim.port))
        client.settimeout(60)
        with suppress(ConnectionError):
            while True:
                client.sendall(ask * 100)

    assert cost.megabytes < MOST_MEGABYTES
    assert victim.faults() == [], victim.run.said[-3000:]
