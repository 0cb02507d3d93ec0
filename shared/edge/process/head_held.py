"""An answer that leaves in one write: Uvicorn writes its head, and then its body."""

import asyncio
from collections.abc import Callable
from typing import Any

_CONTINUE = b"HTTP/1.1 100 "


class HeadHeld:
    """The transport of one answer; its head waits for what comes next, which is never long in coming.

    hang_up: ends the connection, behind what was written.
    """

    __slots__ = ("_hang_up", "_head", "_is_begun", "_transport")

    def __init__(self, transport: asyncio.Transport, hang_up: Callable[[], None]) -> None:
        self._transport = transport
        self._hang_up = hang_up
        self._head = b""
        self._is_begun = False

    def write(self, data: bytes) -> None:
        if self._transport.is_closing():
            return  # of pipelined requests Uvicorn tells the last alone that the client is gone
        if self._is_begun:
            self._transport.writelines([self._head, data] if self._head else [data])
            self._head = b""
        elif data.startswith(_CONTINUE):
            self._transport.write(data)
        else:
            self._is_begun, self._head = True, data

    def close(self) -> None:
        """Close the connection, behind what was written."""
        if self._head and not self._transport.is_closing():
            self._transport.write(self._head)
            self._head = b""
        self._hang_up()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
