"""A webhook target on this machine: a real server that remembers what it was sent and answers as told."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson

from shared import ids
from shared.core import Core
from shared.store import SYSTEM, Query

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass
class Target:
    """What the server was sent, how it answers, and how many requests it had at once."""

    port: int = 0
    scheme: str = "http"
    answer: bytes | Behaviour = OK
    requests: list[Received] = field(default_factory=list)
    open_now: int = 0
    most_open: int = 0
    tls: ssl.SSLContext | None = None
    conversations: set[asyncio.Task[None]] = field(default_factory=set)
    _server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"{self.scheme}://localhost:{self.port}/in"

    async def listen(self) -> None:
        """On IPv4 alone, which `localhost` need not mean first; on the same port in each of its lives."""
        self._server = await asyncio.start_server(self.serve, "127.0.0.1", self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def die(self) -> None:
        """At once: whoever is connected gets no answer any more, and whoever comes is refused."""
        assert self._server
        self._server.close()
        for conversation in self.conversations:
            conversation.cancel()
        await asyncio.gather(*self.conversations)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One conversation."""
        task = asyncio.current_task()
        assert task is not None
        self.conversations.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:-2])
            plain = {line.partition(": ")[0].lower(): line.partition(": ")[2] for line in head[1:-2]}
            body = await reader.readexactly(int(headers["content-length"]))
            self.requests.append(Received(head[0], plain, body))
            self.open_now += 1
            self.most_open = max(self.most_open, self.open_now)
            try:
                if callable(self.answer):
                    await self.answer(writer)
                else:
                    writer.write(self.answer)
                    await writer.drain()
            finally:
                self.open_now -= 1
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self.conversations.discard(task)


@asynccontextmanager
async def listening(tls: ssl.SSLContext | None = None) -> AsyncIterator[Target]:
    """A target that lives in this block."""
    target = Target(scheme="https" if tls else "http", tls=tls)
    await target.listen()
    try:
        yield target
    finally:
        await target.die()


def answering(status: int, body: bytes = b"", headers: str = "") -> bytes:
    return b"HTTP/1.1 %d X\r\n%sContent-Length: %d\r\n\r\n%s" % (status, headers.encode(), len(body), body)


async def put_in_outbox(core: Core, org_id: str, webhook_id: str | None, **columns: Any) -> str:
    """A row of the outbox that is due, as a change would write it; returns the id of the delivery."""
    values = {
        "org_id": ids.decode("org", org_id),
        "webhook_id": None if webhook_id is None else ids.decode("wh", webhook_id),
        "event": "job.completed",
        "data": '{"job_id": "job_1", "queue_name": "emails", "status": "completed", "result": {"n": 1}}',
        "next_attempt_at": core.clock(),
        "created_at": core.clock(),
    } | columns
    names = ", ".join(values)
    places = ", ".join(f"%({name})s" for name in values)
    statement = f"INSERT INTO webhook_delivery ({names}) VALUES ({places}) RETURNING id"
    row = await core.store.fetch_one(SYSTEM, Query("insert", statement, hot=False), **values)
    assert row is not None
    return ids.encode("dlv", row["id"])
