"""A request may be answered before its body has come: the answer arrives, and the connection goes on."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from shared.core import Core
from shared.edge.process.http import IDLE_SECONDS
from shared.edge.process.refusal import RefusingProtocol
from tests.support.certificates import make_certificate
from tests.support.readers import Listening, listening
from tests.support.until import until

BODY = b"x" * 1_000_000
BODY_SECONDS, CROWD_SECONDS = 30.0, 5.0


def head(version: str = "1.1", *headers: str, key: str = "sp_live_unknown", size: int = len(BODY)) -> bytes:
    """Of a claim; with an unknown key it is refused by its head alone."""
    lines = [f"POST /api/v1/jobs/claim HTTP/{version}", "Host: spooled", f"Authorization: Bearer {key}"]
    return "\r\n".join([*lines, f"Content-Length: {size}", *headers, "", ""]).encode()


class Client:
    """A client that sends all that it has to send before it looks at what came meanwhile."""

    def __init__(self, opened: Listening, tls: ssl.SSLContext | None = None) -> None:
        plain = socket.create_connection(("127.0.0.1", opened.port), 60)
        self._socket = tls.wrap_socket(plain, server_hostname="127.0.0.1") if tls else plain
        self._opened = opened

    async def send(self, data: bytes) -> None:
        await asyncio.to_thread(self._socket.sendall, data)

    async def is_answered(self) -> None:
        """Returns once an answer has begun to come, which is not read."""
        await asyncio.to_thread(self._socket.recv, 1, socket.MSG_PEEK)

    async def answer(self) -> bytes:
        return await asyncio.to_thread(self._answer)

    async def end(self) -> bytes:
        """Nothing, once the service has hung up."""
        return await asyncio.to_thread(self._socket.recv, 1)

    def served_by(self) -> RefusingProtocol:
        """The other end."""
        (connection,) = [
            one
            for one in self._opened.server.server_state.connections
            if isinstance(one, RefusingProtocol) and one.client == self._socket.getsockname()
        ]
        return connection

    def close(self) -> None:
        self._socket.close()

    def break_off(self) -> None:
        """Close without a word, as one whose process was killed."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def _answer(self) -> bytes:
        got = b""
        while b"\r\n\r\n" not in got:
            got += (said := self._socket.recv(1))
            assert said, got
        length = int(got.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        for _ in range(length):
            got += self._socket.recv(1)
        return got


@asynccontextmanager
async def client(opened: Listening) -> AsyncIterator[Client]:
    connected = Client(opened)
    yield connected
    connected.close()


@pytest.mark.parametrize("last", [head("1.0"), head("1.1", "Connection: close")])
async def test_the_last_answer_of_a_connection_is_not_lost(core: Core, last: bytes) -> None:
    """Whoever first sends all of the body finds the answer, and the end behind it."""
    async with listening(core) as opened, client(opened) as asking:
        await asking.send(last)
        await asking.is_answered()
        await asking.send(BODY)
        answer, end = await asking.answer(), await asking.end()

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"\r\nconnection: close\r\n" in answer.lower()
    assert end == b""


async def test_the_end_comes_over_tls_too(core: Core, tmp_path: Path) -> None:
    """Which knows no end of one side alone: the client has the answer, and does not wait for long."""
    made = make_certificate(tmp_path)
    own = {"tls_certificate_file": str(made.certificate), "tls_key_file": str(made.key)}
    sealed = replace(core, settings=core.settings.model_copy(update=own))
    trusting = ssl.create_default_context(cafile=str(made.certificate))
    async with listening(sealed) as opened:
        asking = await asyncio.to_thread(Client, opened, trusting)
        await asking.send(head("1.1", "Connection: close"))
        answer = await asking.answer()
        await asking.send(BODY)
        async with asyncio.timeout(BODY_SECONDS / 2):
            end = await asking.end()
        asking.close()

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert end == b""


async def test_what_comes_behind_the_last_request_of_a_connection_is_not_done(core: Core) -> None:
    """Nobody would hear of it; and a client that sends on and on is not listened to for long."""
    async with listening(core) as opened, client(opened) as asking:
        org = await opened.api.new_tenant()
        job = orjson.dumps({"queue_name": "behind", "payload": {}})
        push = head(key=org.key, size=len(job)).replace(b"/jobs/claim", b"/jobs") + job
        await asking.send(head("1.1", "Connection: close"))
        await asking.answer()
        connection = asking.served_by()
        await asking.send(BODY + push)
        end = await asking.end()
        connection.look_after(asyncio.get_running_loop().time() + BODY_SECONDS + 1, BODY_SECONDS)
        found = await org.get("/jobs")

    assert end == b""
    assert connection.transport.is_closing()
    assert found == []


async def test_a_client_that_breaks_off_meanwhile_is_no_fault(
    core: Core, caplog: pytest.LogCaptureFixture
) -> None:
    """It hears nothing any more, and the log has no word of it."""
    async with listening(core) as opened, client(opened) as asking:
        await asking.send(head(key=(await opened.api.new_tenant()).key))
        await until(lambda: _is(opened.server.server_state.tasks))
        connection = asking.served_by()
        asking.break_off()
        connection.hang_up()
        await until(lambda: _is(connection not in opened.server.server_state.connections))

    assert connection.transport.is_closing()
    assert [record for record in caplog.records if record.exc_info] == []


async def test_a_connection_whose_body_was_passed_over_is_kept_as_any(core: Core) -> None:
    """For as long as one without use is, and not for as long as a body is waited for."""
    async with listening(core) as opened, client(opened) as asking:
        await asking.send(head())
        refused = await asking.answer()
        connection, time = asking.served_by(), asyncio.get_running_loop().time
        await asking.send(BODY)
        await until(lambda: _is(connection._is_read))
        connection.look_after(time() + IDLE_SECONDS - 1, BODY_SECONDS)
        is_kept = not connection.transport.is_closing()
        connection.leave_if_idle(time() + CROWD_SECONDS + 1, CROWD_SECONDS)
        end = await asking.end()

    assert refused.startswith(b"HTTP/1.1 401 ")
    assert is_kept
    assert end == b""


async def test_a_request_behind_a_body_that_was_passed_over_has_its_time(core: Core) -> None:
    """It comes together with the end of that body, and its connection is not one without use."""
    async with listening(core) as opened, client(opened) as asking:
        org = await opened.api.new_tenant()
        claim = orjson.dumps({"queue_name": "later", "worker_id": "w", "wait_seconds": 20})
        await asking.send(head())
        await asking.answer()
        connection = asking.served_by()
        await asking.send(BODY + head(key=org.key, size=len(claim)) + claim)
        await until(lambda: _is(connection._is_read and not connection.cycle.response_complete))
        connection.leave_if_idle(asyncio.get_running_loop().time() + IDLE_SECONDS + 1, CROWD_SECONDS)
        job = await org.push("later")
        answer = await asking.answer()

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert job["id"].encode() in answer


async def _is(fact: object) -> bool:
    return bool(fact)
