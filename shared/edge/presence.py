"""Whether the client of a request is still there, for what waits."""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.types import Receive


class Presence:
    """Looks for the end of the connection from the first question on; before it there is nothing to pay.

    receive: what the request came from, its body read.
    """

    __slots__ = ("_receive", "_watch")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._watch: asyncio.Task[Any] | None = None

    async def is_gone(self) -> bool:
        """Whether the client went away."""
        if self._watch is None:
            self._begin()
            await asyncio.sleep(0)
        return self._is_over()

    def call_when_gone(self, leave: Callable[[], None]) -> None:
        """Call it when the client goes away."""

        def on_message(_: object) -> None:
            if self._is_over():
                leave()

        self._begin().add_done_callback(on_message)

    def _begin(self) -> "asyncio.Task[Any]":
        if self._watch is None:
            self._watch = asyncio.ensure_future(self._receive())
        return self._watch

    def _is_over(self) -> bool:
        watch = self._watch
        if watch is None or not watch.done() or watch.cancelled():
            return False
        return bool(watch.result()["type"] == "http.disconnect")
