"""An answer leaves in one write."""

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

import uvloop

from shared.edge.process.head_held import HeadHeld
from shared.edge.process.http import serving_http
from shared.edge.process.refusal import RefusingProtocol
from shared.settings import Settings


class Writes:
    """Counts what the server writes on each connection."""

    def __init__(self, transport: asyncio.Transport, kept: list[bytes]) -> None:
        self._transport = transport
        self._kept = kept

    def write(self, data: bytes) -> None:
        self._kept.append(data)
        self._transport.write(data)

    def writelines(self, pieces: Sequence[bytes]) -> None:
        self._kept.append(b"".join(pieces))
        self._transport.writelines(pieces)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answers in as many pieces as the path says, and breaks off at -1; HEAD and 204 have no body."""
    await receive()
    status, pieces = (int(part) for part in scope["path"].strip("/").split("/"))
    length = [] if pieces else [(b"content-length", b"4")]
    await send({"type": "http.response.start", "status": status, "headers": length})
    if pieces < 0:
        raise RuntimeError("broken off")
    for _ in range(pieces):
        await send({"type": "http.response.body", "body": b"part", "more_body": True})
    await send({"type": "http.response.body", "body": b"" if pieces or status == 204 else b"body"})


async def written(monkeypatch: Any, request: bytes, ends: bytes = b"\r\n\r\n") -> list[bytes]:
    """What the server writes in answer to a request, and that it all arrives."""
    kept: list[bytes] = []
    made = RefusingProtocol.connection_made

    def watched(self: RefusingProtocol, transport: asyncio.Transport) -> None:
        made(self, Writes(transport, kept))  # type: ignore[arg-type]

    monkeypatch.setattr(RefusingProtocol, "connection_made", watched)
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        async with serving_http(application, Settings(spooled_env="development"), opened):
            reader, writer = await asyncio.open_connection(*opened.getsockname())
            writer.write(request)
            answer = await asyncio.wait_for(reader.readuntil(ends), 60)
            writer.close()
    assert answer == b"".join(kept)
    return kept


def asking(path: str, method: str = "GET", headers: str = "") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: here\r\n{headers}\r\n".encode()


async def test_head_and_body_leave_together(monkeypatch: Any) -> None:
    """A write costs a system call, which costs more than most of what a request does."""
    (answer,) = await written(monkeypatch, asking("/200/0"), b"body")

    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\nbody")


async def test_an_answer_without_a_body_leaves(monkeypatch: Any) -> None:
    """204 and HEAD end with their head, on a connection that is kept."""
    assert b"".join(await written(monkeypatch, asking("/204/0"))).endswith(b"\r\n\r\n")
    assert b"".join(await written(monkeypatch, asking("/200/0", "HEAD"))).endswith(b"\r\n\r\n")


async def test_a_stream_goes_on_piece_by_piece(monkeypatch: Any) -> None:
    """Its head leaves with the first piece, and no piece waits for another one."""
    head, *pieces = await written(monkeypatch, asking("/200/3"), b"0\r\n\r\n")

    assert head.endswith(b"4\r\npart\r\n")
    assert pieces == [b"4\r\npart\r\n", b"4\r\npart\r\n", b"0\r\n\r\n"]


async def test_who_waits_for_leave_to_send_gets_it_first(monkeypatch: Any) -> None:
    """`100 Continue` is no head of an answer."""
    expecting = asking("/200/0", "POST", "Expect: 100-continue\r\nContent-Length: 0\r\n")

    first, second = await written(monkeypatch, expecting, b"body")

    assert first == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert second.endswith(b"body")


async def test_an_answer_that_breaks_off_shows_its_head(monkeypatch: Any) -> None:
    """Where nothing comes behind it the head leaves before the connection ends: the request was answered."""
    (head,) = await written(monkeypatch, asking("/200/-1"))

    assert head.startswith(b"HTTP/1.1 200 OK\r\n")


class Ended(asyncio.Protocol):
    """A client's protocol that knows when its connection has ended."""

    def __init__(self) -> None:
        self.is_over = asyncio.Event()

    def connection_lost(self, _error: Exception | None) -> None:
        self.is_over.set()


def test_nothing_is_written_behind_the_end_of_a_connection() -> None:
    """An answer that is too late for its client, as of pipelined requests, is no fault."""

    async def answer_too_late() -> None:
        async def take_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        server = await asyncio.start_server(take_nothing, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        transport, protocol = await asyncio.get_running_loop().create_connection(Ended, *address)
        transport.abort()
        async with asyncio.timeout(60):
            await protocol.is_over.wait()
        server.close()
        held = HeadHeld(transport, transport.close)
        for part in (b"head", b"body", b"more"):
            held.write(part)
        held.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(answer_too_late())
