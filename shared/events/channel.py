"""What processes tell each other through Redis: which channel, which words, and who is still there."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.client import PubSub

OpenRedis = Callable[[], "Redis"]
KEYS_CHANNEL = "spooled:keys"
EVERY_QUEUE = "spooled:wakeups:*"
EVENTS = "spooled:{events}:"
"""Begins the names of streams. The braces put all of them in one slot, so that one call reads many."""
_SUBSCRIBE_SECONDS = 1.0
_PULSE_SECONDS = 1.0


def channel_of(org_id: int, queue: str) -> str:
    """One for each queue, so that who waits for one job is not told of all."""
    return f"{EVERY_QUEUE[:-1]}{org_id}:{queue}"


def queue_of(channel: str) -> tuple[int, str]:
    """The organization and queue of a channel."""
    org_id, _, queue = channel.removeprefix(EVERY_QUEUE[:-1]).partition(":")
    return int(org_id), queue


def stream_of(org_id: int) -> str:
    """The stream of an organization's events."""
    return f"{EVENTS}{org_id}"


def is_away(error: BaseException) -> bool:
    """Whether Redis, and not this code, is at fault; told by name, since its client may not be installed."""
    if isinstance(error, RuntimeError):
        # What uvloop says where others raise ConnectionError: the line broke, and nobody has noticed yet.
        return str(error).endswith("; the handler is closed")
    return isinstance(error, OSError | TimeoutError) or type(error).__module__.partition(".")[0] == "redis"


def reason(error: BaseException) -> str:
    """What the log says of why Redis is away: a time that is over has no words of its own."""
    return str(error) or type(error).__name__


@asynccontextmanager
async def subscribed(
    open_redis: OpenRedis, channels: Sequence[str], patterns: Sequence[str] = ()
) -> "AsyncIterator[PubSub]":
    """A subscription that stands: what is published from now on is heard."""
    redis = open_redis()
    try:
        async with redis.pubsub() as subscription:
            async with asyncio.timeout(_SUBSCRIBE_SECONDS):
                if channels:
                    await subscription.subscribe(*channels)
                if patterns:
                    await subscription.psubscribe(*patterns)
                for _ in (*channels, *patterns):
                    await subscription.get_message(timeout=_SUBSCRIBE_SECONDS)
            yield subscription
    finally:
        await redis.aclose()


async def heard(subscription: "PubSub") -> AsyncIterator[tuple[str, str]]:
    """Channel and words of each message; TimeoutError when nobody is at the other end any more."""
    is_asked = False
    while True:
        message = await subscription.get_message(timeout=_PULSE_SECONDS)
        if message is not None:
            is_asked = False
            if message["type"] in {"message", "pmessage"}:
                yield message["channel"].decode(), message["data"].decode()
        elif is_asked:
            raise TimeoutError("Redis says nothing")
        else:
            await subscription.ping()
            is_asked = True
