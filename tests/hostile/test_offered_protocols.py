"""A client that would rather speak another protocol is served in this one, as Java's own does at first."""

import socket
from http.client import HTTPResponse

import pytest

from tests.support.raw_http import said_to
from tests.support.victim import Victim

OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n"
BODY = b'{"queue_name":"offered","payload":{"kept":"whole"}}'
SIZE = b"Content-Length: %d\r\n\r\n" % len(BODY)
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
SHAPES = {
    "at once": [SIZE + BODY],
    "body apart": [SIZE, BODY],
    "body in pieces": [SIZE, BODY[:9], BODY[9:]],
    "chunks": [b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS],
    "chunks apart": [b"Transfer-Encoding: chunked\r\n\r\n", CHUNKS[:5], CHUNKS[5:]],
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_body_behind_an_offer_is_read(victim: Victim, shape: str) -> None:
    """The job is made with its payload, twice over one connection, and what is sent behind is answered."""
    head = b"POST /api/v1/jobs HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + victim.key.encode() + b"\r\n"
    said_before = len(victim.run.said)
    with socket.create_connection(("127.0.0.1", victim.port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        statuses = []
        for _ in range(2):
            connection.sendall(head + OFFER)
            for part in SHAPES[shape]:
                connection.sendall(part)
            statuses.append(answer_of(connection))
        behind = b"GET /health/live HTTP/1.1\r\nHost: a\r\n"
        connection.sendall(behind + OFFER + b"\r\n" + behind + b"Connection: close\r\n\r\n")
        said = bytearray()
        while part := connection.recv(65_536):
            said += part

    assert statuses == [201, 201]
    assert said.count(b"HTTP/1.1 200 OK") == 2
    assert "upgrade" not in victim.run.said[said_before:].lower()


def answer_of(connection: socket.socket) -> int:
    with HTTPResponse(connection) as answer:
        answer.begin()
        answer.read()
        return answer.status


def test_many_offers_at_once_are_answered(victim: Victim) -> None:
    """Hundreds of requests with an offer in one piece are each answered, in turn."""
    request = b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    last = b"GET /health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

    answers = said_to(victim.port, [request * 700 + last])

    assert answers.count(b"HTTP/1.1 200 OK") == 701
