"""An HTTP client that costs next to nothing, so that what is measured is the service."""

import asyncio
from typing import Any, Self

import orjson


def bearer(key: str) -> str:
    """The line of a request that carries the key, if there is one."""
    return f"Authorization: Bearer {key}\r\n" if key else ""


class RefusedError(ValueError):
    """A status of 400 or higher. retry_after: the header of that name, empty without."""

    def __init__(self, status: int, text: str, retry_after: str) -> None:
        super().__init__(text)
        self.status = status
        self.retry_after = retry_after


class HttpConnection:
    """One connection that is kept open, for one request at a time, each answered with a Content-Length."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        self._reader = reader
        self._writer = writer
        self._head = head

    @classmethod
    async def open(cls, url: str, key: str = "") -> Self:
        """To a service at `http://host:port`, with a key that goes along with each request."""
        host, _, port = url.removeprefix("http://").rpartition(":")
        return cls(*await asyncio.open_connection(host, int(port)), f"Host: {host}\r\n{bearer(key)}")

    async def request(self, method: str, path: str, body: Any = None, *, key: str = "") -> Any:
        """The answer's JSON; bytes go as they are. A key goes along with this request alone.

        Raises RefusedError for a status of 400 or higher.
        """
        content = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        head = f"{method} {path} HTTP/1.1\r\n{self._head}{bearer(key)}"
        if content:
            head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        self._writer.write(f"{head}\r\n".encode() + content)
        answered = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(answered.partition("\r\ncontent-length: ")[2].partition("\r\n")[0] or 0)
        answer = await self._reader.readexactly(length)
        status = int(answered.split(" ", 2)[1])
        if status >= 400:  # noqa: PLR2004 - as HTTP has it
            after = answered.partition("\r\nretry-after: ")[2].partition("\r\n")[0]
            raise RefusedError(status, answer.decode(), after)
        return orjson.loads(answer) if answer else None

    @property
    def is_over(self) -> bool:
        """Whether the service has hung up."""
        return self._reader.at_eof()

    def close(self) -> None:
        """Hang up."""
        self._writer.close()
