"""Wake-ups between processes through Redis: one for what lives long, one for what is frozen in between."""

import asyncio
import logging
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

from shared.events.channel import (
    EVERY_QUEUE,
    KEYS_CHANNEL,
    OpenRedis,
    channel_of,
    heard,
    is_away,
    queue_of,
    subscribed,
)
from shared.events.wakeups import EVERY_WAITER, Wakeups

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.client import PubSub

logger = logging.getLogger("spooled.wakeups")
_AWAY_SECONDS = 1.0
_RECONNECT_SECONDS = 1.0


class SharedWakeups(Wakeups):
    """What both have: to tell the others.

    open_redis: a client to publish with, opened when there is something to say.
    open_listener: one that does not connect again by itself, since what was said meanwhile would be lost.
    patience_seconds: the longest that telling the others may take.
    """

    def __init__(
        self,
        open_redis: OpenRedis,
        open_listener: OpenRedis,
        forget_keys: Callable[[int], None] = lambda _org_id: None,
        *,
        patience_seconds: float,
    ) -> None:
        super().__init__(forget_keys)
        self._open_redis = open_redis
        self._open_listener = open_listener
        self._patience_seconds = patience_seconds
        self._redis: Redis | None = None
        self._origin = uuid.uuid4().hex
        self._untold: Counter[str] = Counter()
        self._away_until = 0.0

    def notify(self, org_id: int, queue: str, jobs: int = 1) -> None:
        super().notify(org_id, queue, jobs)
        self._untold[channel_of(org_id, queue)] += jobs

    async def keys_changed(self, org_id: int) -> None:
        await super().keys_changed(org_id)
        await self._publish([(KEYS_CHANNEL, str(org_id))])

    async def reaches_redis(self) -> bool:
        try:
            return bool(await asyncio.wait_for(self._client().ping(), 1.0))
        except Exception as error:
            if not is_away(error):
                raise
            return False

    async def close(self) -> None:
        if self._redis is not None:
            await self._redis.aclose()

    async def _tell(self) -> None:
        """All that is new, in one round trip; not while Redis was away a moment ago."""
        untold, self._untold = self._untold, Counter()
        if untold and monotonic() >= self._away_until:
            await self._publish([(channel, f"{self._origin} {jobs}") for channel, jobs in untold.items()])

    async def _publish(self, messages: Sequence[tuple[str, str]]) -> None:
        client = self._client()
        try:
            async with asyncio.timeout(self._patience_seconds):
                pipeline = client.pipeline(transaction=False)
                for channel, words in messages:
                    pipeline.publish(channel, words)
                await pipeline.execute()
        except Exception as error:
            if not is_away(error):
                raise
            logger.warning("other processes are not told: %s", error or type(error).__name__)
            self._away_until = monotonic() + _AWAY_SECONDS

    def _hear(self, channel: str, words: str) -> None:
        if channel == KEYS_CHANNEL:
            self._forget_keys(int(words))
            return
        origin, _, jobs = words.partition(" ")
        if origin != self._origin:
            self._wake(*queue_of(channel), int(jobs))

    def _client(self) -> "Redis":
        if self._redis is None:
            self._redis = self._open_redis()
        return self._redis


class LivingWakeups(SharedWakeups):
    """A process that lives long: it tells the others beside its requests, and always listens."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._tasks: set[asyncio.Task[None]] = set()
        self._hears = False
        self._start(self._listen())

    def notify(self, org_id: int, queue: str, jobs: int = 1) -> None:
        is_first = not self._untold
        super().notify(org_id, queue, jobs)
        if is_first:
            self._start(self._tell())

    @asynccontextmanager
    async def listening(self, org_id: int, queue: str) -> AsyncIterator[Callable[[], bool]]:  # noqa: ARG002 - it hears of every queue
        yield lambda: self._hears

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await super().close()

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _listen(self) -> None:
        while True:
            try:
                async with subscribed(self._open_listener, [KEYS_CHANNEL], [EVERY_QUEUE]) as subscription:
                    self._hears = True
                    async for channel, words in heard(subscription):
                        self._hear(channel, words)
            except Exception as error:
                if not is_away(error):
                    raise
                logger.warning("wake-ups from other processes are away: %s", error or type(error).__name__)
            finally:
                self._hears = False
                for org_id, queue in list(self._waiters):
                    self._wake(org_id, queue, EVERY_WAITER)
            await asyncio.sleep(_RECONNECT_SECONDS)


class FrozenWakeups(SharedWakeups):
    """A Lambda environment: frozen between requests, it tells the others before it answers.

    It listens only while it waits, and then to one queue. A key that was changed it need not hear of: it
    trusts no look-up for longer than a request.
    """

    async def tell_others(self) -> None:
        await self._tell()

    @asynccontextmanager
    async def listening(self, org_id: int, queue: str) -> AsyncIterator[Callable[[], bool]]:
        await self._tell()
        async with AsyncExitStack() as opened:
            subscription = await self._subscribed(opened, channel_of(org_id, queue))
            if subscription is None:
                yield lambda: False
                return
            ears = asyncio.get_running_loop().create_task(self._listen(subscription, org_id, queue))
            try:
                yield lambda: not ears.done()
            finally:
                ears.cancel()
                await asyncio.gather(ears, return_exceptions=True)

    async def _subscribed(self, opened: AsyncExitStack, channel: str) -> "PubSub | None":
        try:
            return await opened.enter_async_context(subscribed(self._open_listener, [channel]))
        except Exception as error:
            if not is_away(error):
                raise
            logger.warning("pushes of others are looked for: %s", error or type(error).__name__)
            return None

    async def _listen(self, subscription: "PubSub", org_id: int, queue: str) -> None:
        try:
            async for channel, words in heard(subscription):
                self._hear(channel, words)
        except Exception as error:
            if not is_away(error):
                raise
            logger.warning("pushes of others are looked for: %s", error or type(error).__name__)
        finally:
            # Who sleeps until the end of its wait learns that it has to look.
            self._wake(org_id, queue, EVERY_WAITER)
