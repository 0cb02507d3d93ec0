"""Clients that hold connections open and say as little as they can."""

import selectors
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from time import monotonic

import httpx
import pytest

from tests.hostile.conftest import PATIENCE_SECONDS
from tests.support.effort import EFFORT
from tests.support.victim import Victim

CLIENTS = 60 * EFFORT
PACE_SECONDS = 0.2
GIVE_UP_SECONDS = PATIENCE_SECONDS + 60
HEAD = b"Host: a\r\n"
UNREAD = b"POST /api/v1/jobs HTTP/1.1\r\n" + HEAD + b"Content-Length: 5000\r\n\r\n"
READ = b"POST /api/v1/auth/validate HTTP/1.1\r\n" + HEAD + b"Content-Length: 5000\r\n\r\n"
SLOW = {
    "nothing": (b"", b""),
    "a head": (b"", b"GET /health/live HTTP/1.1\r\n" + HEAD + b"a: " + b"b" * 9_000),
    "blank lines after an answer": (b"GET /health/live HTTP/1.1\r\n" + HEAD + b"\r\n", b"\r\n" * 9_000),
    "a second head": (b"GET /health/live HTTP/1.1\r\n" + HEAD + b"\r\n", b"GET /" + b"a" * 9_000),
    "a body": (READ, b" " * 4_000),
    "a body that nobody reads": (UNREAD, b" " * 4_000),
    "chunks": (READ.replace(b"Content-Length: 5000", b"Transfer-Encoding: chunked"), b"1\r\n \r\n" * 4_000),
    "half an upgrade": (b"GET /api/v1/ws HTTP/1.1\r\n" + HEAD + b"Connection: Upgrade\r\n", b"a" * 4_000),
}


def dripping(connections: list[socket.socket], drops: bytes) -> Iterator[int]:
    """Send a byte on each connection again and again; how many are still open."""
    with selectors.DefaultSelector() as waiting:
        for connection in connections:
            connection.setblocking(False)
            waiting.register(connection, selectors.EVENT_READ)
        for number in range(10_000):
            yield len(waiting.get_map())
            for key, _ in waiting.select(PACE_SECONDS):
                if _is_over(key.fileobj):
                    waiting.unregister(key.fileobj)
            for key in list(waiting.get_map().values()):
                try:
                    key.fileobj.send(drops[number : number + 1])  # type: ignore[union-attr]
                except OSError:
                    waiting.unregister(key.fileobj)


def _is_over(connection) -> bool:
    try:
        return connection.recv(65_536) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


@pytest.mark.parametrize("kind", SLOW)
def test_slow_clients_are_hung_up_on_and_starve_nobody(victim: Victim, kind: str) -> None:
    """Each is hung up on while it is still sending, and whoever asks meanwhile is answered."""
    first, drops = SLOW[kind]
    with ExitStack() as opened, httpx.Client(base_url=victim.run.url, timeout=30) as other:
        connections = [
            opened.enter_context(socket.create_connection(("127.0.0.1", victim.port))) for _ in range(CLIENTS)
        ]
        for connection in connections:
            connection.sendall(first)
        end = monotonic() + GIVE_UP_SECONDS
        for still_open in dripping(connections, drops):
            assert other.get("/health/live").status_code == 200
            if not still_open:
                break
            assert monotonic() < end, f"{still_open} of {CLIENTS} are still open"

    assert victim.faults() == []
