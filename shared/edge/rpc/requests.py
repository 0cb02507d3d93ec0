"""What a client sends on a stream."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
from google.protobuf.message import Message


class Requests(AsyncIterator[Message]):
    """One after the other. One that cannot be read raises InvalidInputError, and the next may follow.

    receive: the next message as it came, or EOF.
    """

    def __init__(self, receive: Callable[[], Awaitable[Any]], read: Callable[[bytes], Message]) -> None:
        self._receive = receive
        self._read = read

    async def __anext__(self) -> Message:
        raw = await self._receive()
        if raw is grpc.aio.EOF:
            raise StopAsyncIteration
        return self._read(raw)
