"""Wake-ups between processes through Redis: one for what lives long, one for what is frozen in between."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

from shared.events.arrivals import read_arrivals
from shared.events.channel import (
    EVERY_QUEUE,
    KEYS_CHANNEL,
    OpenRedis,
    channel_of,
    heard,
    is_away,
    queue_of,
    reason,
    subscribed,
)
from shared.events.shared_outgoing import SharedOutgoing
from shared.events.wakeups import Wakeups

if TYPE_CHECKING:
    from redis.asyncio.client import PubSub

logger = logging.getLogger("spooled.wakeups")
_RECONNECT_SECONDS = 1.0


class SharedWakeups(Wakeups):
    """What both have: to hear the others.

    open_listener: a client that does not connect again by itself, as what was said meanwhile is lost.
    """

    def __init__(
        self,
        outgoing: SharedOutgoing,
        open_listener: OpenRedis,
        forget_keys: Callable[[int | None], None] = lambda _org_id: None,
    ) -> None:
        super().__init__(forget_keys, outgoing)
        self._open_listener = open_listener
        self._origin = outgoing.origin

    def _hear(self, channel: str, words: str) -> None:
        if channel == KEYS_CHANNEL:
            self._forget_keys(int(words))
            return
        origin, _, told = words.partition(" ")
        if origin != self._origin:
            jobs, places = read_arrivals(told)
            self.marks.arrived(*queue_of(channel), places)
            self._wake(*queue_of(channel), jobs)


class LivingWakeups(SharedWakeups):
    """A process that lives long: it always listens."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._hears = False
        self._listening = asyncio.get_running_loop().create_task(self._listen())

    @property
    def hears_others(self) -> bool:
        return self._hears

    @asynccontextmanager
    async def listening(self, org_id: int, queue: str) -> AsyncIterator[Callable[[], bool]]:  # noqa: ARG002 - it hears of every queue
        yield lambda: self._hears

    async def close(self) -> None:
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        await super().close()

    async def _listen(self) -> None:
        while True:
            try:
                async with subscribed(self._open_listener, [KEYS_CHANNEL], [EVERY_QUEUE]) as subscription:
                    self._hears = True
                    # What was changed before has gone unheard.
                    self._forget_keys(None)
                    async for channel, words in heard(subscription):
                        self._hear(channel, words)
            except Exception as error:
                if not is_away(error):
                    raise
                logger.warning("wake-ups from other processes are away: %s", reason(error))
            finally:
                self._hears = False
                for org_id, queue in self._lines:
                    self._doubt(org_id, queue)
            await asyncio.sleep(_RECONNECT_SECONDS)


class FrozenWakeups(SharedWakeups):
    """A Lambda environment, frozen between requests: it listens only while it waits, and then to one queue.

    A key that was changed it need not hear of: it trusts no look-up for longer than a request.
    """

    @asynccontextmanager
    async def listening(self, org_id: int, queue: str) -> AsyncIterator[Callable[[], bool]]:
        await self.outgoing.flush()
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
            logger.warning("pushes of others are looked for: %s", reason(error))
            return None

    async def _listen(self, subscription: "PubSub", org_id: int, queue: str) -> None:
        try:
            async for channel, words in heard(subscription):
                self._hear(channel, words)
        except Exception as error:
            if not is_away(error):
                raise
            logger.warning("pushes of others are looked for: %s", reason(error))
        finally:
            # Who sleeps until the end of its wait learns that it has to look.
            self._doubt(org_id, queue)
