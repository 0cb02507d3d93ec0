"""What calls have begun and must end before the services close."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any


class Work:
    """Tasks that outlive the call they were begun by, and the calls that are still open."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, coroutine: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Work that is done to its end, whatever becomes of who began it."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def shielded(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Do the work here; when the task is cancelled, it goes on behind it."""
        await asyncio.shield(self.start(coroutine))

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Around all of a call that runs in a task of its own."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks.discard(task)

    async def done(self, seconds: float) -> None:
        """Wait for all of it, and give up what is not done by then."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks, timeout=seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
