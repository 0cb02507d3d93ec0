"""What only a real connection shows: the server beneath counts the bytes of an answer."""

import json
import socket

import httpx
import pytest


@pytest.mark.parametrize(
    ("path", "status"), [("/health", 200), ("/docs", 200), ("/api/v1/jobs", 401), ("/nothing", 404)]
)
def test_head_leaves_the_connection_usable(service_url: str, path: str, status: int) -> None:
    """A monitor that asks with HEAD can ask again on the same connection."""
    with httpx.Client(base_url=service_url, limits=httpx.Limits(max_connections=1)) as client:
        asked = [client.head(path), client.head(path), client.get(path)]

    assert [answer.status_code for answer in asked] == [status] * 3


@pytest.mark.parametrize(
    "sent", [b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\r\n\r\n"]
)
def test_what_is_no_http_is_refused_in_json(service_url: str, sent: bytes) -> None:
    """An address that is far too long and another protocol are 400, with what every error has."""
    url = httpx.URL(service_url)
    with socket.create_connection((url.host, url.port), timeout=5) as connection:
        connection.sendall(sent)
        head, _, body = b"".join(iter(lambda: connection.recv(65_536), b"")).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/json" in head
    assert b"x-request-id: " in head
    assert b"access-control-allow-origin: *" in head
    assert json.loads(body)["code"] == "VALIDATION_ERROR"
