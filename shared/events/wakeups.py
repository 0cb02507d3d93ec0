"""Wake-ups of waiting consumers, and news of changed keys: here directly, elsewhere through Redis.

A wake-up may be lost without harm: who waits also looks again at the time it was told something falls due.
"""

import asyncio
import contextlib
import logging
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis.asyncio import Redis

logger = logging.getLogger("spooled.wakeups")
_CHANNEL = "spooled:wakeups"
_KEYS_CHANNEL = "spooled:keys"
_RECONNECT_SECONDS = 1.0


class Wakeups:
    """Waiters by (organization, queue), woken first come first served, one for each job that arrived."""

    def __init__(
        self, redis: "Redis | None" = None, forget_keys: Callable[[int], None] = lambda _org_id: None
    ) -> None:
        self._redis = redis
        self._forget_keys = forget_keys
        self._waiters: defaultdict[tuple[int, str], deque[asyncio.Event]] = defaultdict(deque)
        self._origin = f"{id(self):x}"
        self._tasks: set[asyncio.Task[None]] = set()
        if redis is not None:
            self._start(self._listen())

    @contextmanager
    def waiting(self, org_id: int, queue: str) -> "Iterator[asyncio.Event]":
        """An event that is set when a job of the queue may be there."""
        event = asyncio.Event()
        waiters = self._waiters[org_id, queue]
        waiters.append(event)
        try:
            yield event
        finally:
            with contextlib.suppress(ValueError):
                waiters.remove(event)
            if not waiters:
                self._waiters.pop((org_id, queue), None)

    def notify(self, org_id: int, queue: str, jobs: int = 1) -> None:
        """Jobs became claimable: wake as many waiters, here and in other processes. Never blocks."""
        self._wake(org_id, queue, jobs)
        if self._redis is not None:
            self._start(self._publish(_CHANNEL, f"{self._origin} {org_id} {jobs} {queue}"))

    async def keys_changed(self, org_id: int) -> None:
        """A key of the organization, or what it may do, was changed: no process trusts an older look-up."""
        self._forget_keys(org_id)
        if self._redis is not None:
            await self._publish(_KEYS_CHANNEL, str(org_id))

    async def reaches_redis(self) -> bool:
        """Whether Redis answers; True for a service that runs without it."""
        if self._redis is None:
            return True
        from redis.exceptions import RedisError  # noqa: PLC0415 - only where Redis is in use

        try:
            return bool(await asyncio.wait_for(self._redis.ping(), 1.0))
        except (RedisError, OSError, TimeoutError):
            return False

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._redis is not None:
            await self._redis.aclose()

    def _wake(self, org_id: int, queue: str, jobs: int) -> None:
        waiters = self._waiters.get((org_id, queue))
        while waiters and jobs > 0:
            waiters.popleft().set()
            jobs -= 1

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _publish(self, channel: str, message: str) -> None:
        from redis.exceptions import RedisError  # noqa: PLC0415 - only where Redis is in use

        assert self._redis is not None
        with contextlib.suppress(RedisError, OSError):
            await self._redis.publish(channel, message)

    async def _listen(self) -> None:
        from redis.exceptions import RedisError  # noqa: PLC0415 - only where Redis is in use

        while True:
            try:
                async for channel, message in self._messages():
                    if channel == _KEYS_CHANNEL:
                        self._forget_keys(int(message))
                        continue
                    origin, org_id, jobs, queue = message.split(" ", 3)
                    if origin != self._origin:
                        self._wake(int(org_id), queue, int(jobs))
            except (RedisError, OSError) as error:
                logger.warning("wake-ups from other processes are away: %s", error)
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _messages(self) -> AsyncIterator[tuple[str, str]]:
        assert self._redis is not None
        async with self._redis.pubsub() as subscription:
            await subscription.subscribe(_CHANNEL, _KEYS_CHANNEL)
            async for message in subscription.listen():
                if message["type"] == "message":
                    yield message["channel"].decode(), message["data"].decode()
