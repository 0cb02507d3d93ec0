"""Open streams: which there are in this process, and how many an organization has in all of them."""

import asyncio
import logging
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from shared.errors import SpooledError, UnavailableError
from shared.events.channel import is_away, reason

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger = logging.getLogger("spooled.streams")
_SCRIPT = Path(__file__).with_name("open_stream.lua")
MOST_OF_AN_ORGANIZATION = 100
_NOTED_SECONDS = 60
"""How long the streams of a process that died are counted."""
_NOTE_AGAIN_SECONDS = 20.0
_AWAY_SECONDS = 1.0


class StreamLimitError(SpooledError):
    """The organization has as many streams open as it may."""

    status = 429
    grpc_status = "RESOURCE_EXHAUSTED"
    code = "QUOTA_EXCEEDED"


class EndingError(UnavailableError):
    """The service is shutting down here: try again, another process answers or this one soon does."""


class OpenStream:
    """A stream that somebody reads. `news`: it looks again whether it is to go on, and with what."""

    def __init__(self, org_id: int) -> None:
        self.org_id = org_id
        self.news = asyncio.Event()


class OpenStreams:
    """The streams of this process, counted with those of the others in Redis; by itself while that is away.

    is_ending: the process is to end, and its streams with it, as soon as what they gave out is settled.
    """

    def __init__(self, open_redis: "Callable[[], Redis | None]" = lambda: None) -> None:
        self._open_redis = open_redis
        self._redis: Redis | None = None
        self._script: Any = None
        self._process = uuid.uuid4().hex
        self._streams: set[OpenStream] = set()
        self._counts: Counter[int] = Counter()
        self._noting = asyncio.Lock()
        self._away_until = 0.0
        self._renewal: asyncio.Task[None] | None = None
        self._none_left = asyncio.Event()
        self.is_ending = False

    def __len__(self) -> int:
        """How many are open in this process."""
        return len(self._streams)

    @asynccontextmanager
    async def opened(self, org_id: int) -> AsyncIterator[OpenStream]:
        """A stream, for as long as the block lasts.

        Raises StreamLimitError, and EndingError when the process is to end.
        """
        if self.is_ending:
            raise EndingError
        await self._count(org_id)
        stream = OpenStream(org_id)
        self._streams.add(stream)
        self._none_left.clear()
        try:
            yield stream
        finally:
            self._streams.discard(stream)
            if not self._streams:
                self._none_left.set()
            await self._uncount(org_id)

    def stir(self, org_id: int | None = None) -> None:
        """Let the streams, of one organization or all, look again whether they are to go on."""
        for stream in self._streams:
            if org_id in (None, stream.org_id):
                stream.news.set()

    def end(self) -> None:
        """Open no more, and end those that are open as soon as they can."""
        self.is_ending = True
        self.stir()

    async def ended(self, seconds: float) -> bool:
        """Wait for the end of all streams; False when some are open after so many seconds."""
        if self._streams:
            try:
                async with asyncio.timeout(seconds):
                    await self._none_left.wait()
            except TimeoutError:
                return False
        return True

    async def close(self) -> None:
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)
        if self._redis is not None:
            await self._redis.aclose()

    async def _count(self, org_id: int) -> None:
        self._counts[org_id] += 1
        try:
            total = await self._note(org_id, MOST_OF_AN_ORGANIZATION)
        except BaseException:
            self._counts[org_id] -= 1
            raise
        if total > MOST_OF_AN_ORGANIZATION:
            self._counts[org_id] -= 1
            most = MOST_OF_AN_ORGANIZATION
            raise StreamLimitError(f"streams limit reached ({most}/{most})")
        if self._renewal is None:
            self._renewal = asyncio.get_running_loop().create_task(self._renew())

    async def _uncount(self, org_id: int) -> None:
        self._counts[org_id] -= 1
        await self._note(org_id)
        if not self._counts[org_id]:
            del self._counts[org_id]

    async def _note(self, org_id: int, most: int = 0) -> int:
        """Tell the others how many this process has; how many there are in all."""
        script = self._shared_script()
        async with self._noting:
            count = self._counts[org_id]
            if script is None or monotonic() < self._away_until:
                return count
            try:
                key = f"spooled:streams:{org_id}"
                total: int = await script(keys=[key], args=[self._process, count, most, _NOTED_SECONDS])
            except Exception as error:
                if not is_away(error):
                    raise
                logger.warning("streams are counted by this process alone: %s", reason(error))
                self._away_until = monotonic() + _AWAY_SECONDS
                return count
            return total

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(_NOTE_AGAIN_SECONDS)
            for org_id in list(self._counts):
                await self._note(org_id)

    def _shared_script(self) -> Any:
        """The script in Redis, None for a service that runs without."""
        if self._script is None and self._redis is None:
            self._redis = self._open_redis()
            if self._redis is not None:
                self._script = self._redis.register_script(_SCRIPT.read_text(encoding="utf-8"))
        return self._script
