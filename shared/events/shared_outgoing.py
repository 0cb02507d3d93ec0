"""What goes out through Redis: wake-ups and happenings, both in one round trip."""

import asyncio
import json
import logging
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from time import monotonic
from typing import TYPE_CHECKING, Any

import orjson

from shared.events.arrivals import Arrivals
from shared.events.channel import OpenRedis, channel_of, is_away, reason, stream_of
from shared.events.happening import Happening
from shared.events.outgoing import Outgoing
from shared.marks import Place

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.client import Pipeline

logger = logging.getLogger("spooled.wakeups")
_AWAY_SECONDS = 1.0
_HEAD_START_SECONDS = 0.01
"""Of who waits here: to wake others meanwhile would only hold up the claim, and be for nothing."""
_PAUSE_SECONDS = 0.005
"""Between a round trip and the next, while there is more to tell: what comes meanwhile goes along."""
_LONGEST_BACKLOG = 10_000
_MOST_AT_ONCE = 1_000
_LOOKED_BACK = 2_000
_KEPT_ENTRIES = 20_000
_KEPT_SECONDS = 3_600
_LONGEST_DATA = 8_192
"""Longer is only what brings a job's result with it, and no reader is told of one that long."""

Entry = tuple[str, dict[Any, Any]]
"""A stream, and what is added to it."""


def entry_of(happening: Happening) -> dict[Any, Any]:
    """Its names, data and instant, as an entry of a stream has them."""
    data = happening.text
    if len(data) > _LONGEST_DATA:
        data = json.dumps(happening.item | {"result": None})
    return {"n": orjson.dumps(happening.names), "d": data, "a": happening.at}


class SharedOutgoing(Outgoing):
    """A process that is frozen between requests: it tells the others before it answers.

    open_redis: a client, opened when there is something to say.
    patience_seconds: the longest that telling the others may take.
    """

    def __init__(self, open_redis: OpenRedis, *, patience_seconds: float) -> None:
        super().__init__()
        self._open_redis = open_redis
        self._patience_seconds = patience_seconds
        self._redis: Redis | None = None
        self.origin = uuid.uuid4().hex
        self._told = 0
        self._wakeups: defaultdict[str, Arrivals] = defaultdict(Arrivals)
        # What is committed must be told, so it waits for a Redis that is away, as long as there is room.
        self._backlog: deque[Entry] = deque()
        # As must be that a key is good no more; once of each organization is enough.
        self._unheard: dict[tuple[str, str], None] = {}
        self._on_the_way = 0
        self._turn = asyncio.Lock()
        self._is_away = self._is_losing = self._is_unsure = False
        self._away_until = 0.0

    @property
    def has_more(self) -> bool:
        return bool(self._wakeups or self._backlog or self._unheard)

    def wake(
        self,
        org_id: int,
        queue: str,
        jobs: int,
        places: Iterable[Place] | None,
        *,
        at_once: bool = True,  # noqa: ARG002 - it flushes before it stands still
    ) -> None:
        self._wakeups[channel_of(org_id, queue)].add(jobs, places)

    async def publish(self, channel: str, words: str) -> None:
        if not await self._send([(channel, words)], []):
            self._unheard[channel, words] = None

    async def reaches_redis(self) -> bool:
        try:
            return bool(await asyncio.wait_for(self._client().ping(), 1.0))
        except Exception as error:
            if not is_away(error):
                raise
            return False

    async def flush(self) -> None:
        async with self._turn:
            while self.has_more and await self._tell():
                pass

    async def close(self) -> None:
        if self._redis is not None:
            await self._redis.aclose()

    def _add(self, happening: Happening) -> None:
        if happening.is_kept:
            return
        self._told += 1
        entry = entry_of(happening) | {"o": f"{self.origin} {self._told}"}
        self._backlog.append((stream_of(happening.org_id), entry))
        if len(self._backlog) > _LONGEST_BACKLOG:
            del self._backlog[self._on_the_way]
            if not self._is_losing:
                logger.warning("events are lost: more than %s wait for Redis", _LONGEST_BACKLOG)
            self._is_losing = True

    async def _tell(self) -> bool:
        """What is new, a thousand entries at most, in one round trip; False while Redis is away."""
        if monotonic() < self._away_until:
            self._wakeups.clear()
            return False
        wakeups, self._wakeups = self._wakeups, defaultdict(Arrivals)
        messages = [(channel, f"{self.origin} {found.in_words()}") for channel, found in wakeups.items()]
        unheard = list(self._unheard)
        entries = list(islice(self._backlog, _MOST_AT_ONCE))
        self._on_the_way = len(entries)
        try:
            missing = await self._missing(entries) if self._is_unsure else entries
            self._is_unsure = missing is None or not await self._send([*unheard, *messages], missing)
            if self._is_unsure:
                return False
            for _ in entries:
                self._backlog.popleft()
            for message in unheard:
                self._unheard.pop(message, None)
            self._is_losing = False
            return True
        finally:
            self._on_the_way = 0

    async def _send(self, messages: Sequence[tuple[str, str]], entries: Sequence[Entry]) -> bool:
        def add(pipeline: "Pipeline") -> None:
            for channel, words in messages:
                pipeline.publish(channel, words)
            for stream, entry in entries:
                pipeline.xadd(stream, entry, maxlen=_KEPT_ENTRIES, approximate=True)
            for stream in dict.fromkeys(stream for stream, _ in entries):
                pipeline.expire(stream, _KEPT_SECONDS)

        return await self._ask(add) is not None

    async def _missing(self, entries: Sequence[Entry]) -> list[Entry] | None:
        """Those that did not come, after a call without an answer; None when Redis is still away."""

        def look(pipeline: "Pipeline") -> None:
            for stream in dict.fromkeys(stream for stream, _ in entries):
                pipeline.xrevrange(stream, count=_LOOKED_BACK)

        answers = await self._ask(look)
        if answers is None:
            return None
        came = {fields.get(b"o") for answer in answers for _, fields in answer}
        return [(stream, entry) for stream, entry in entries if entry["o"].encode() not in came]

    async def _ask(self, fill: Callable[["Pipeline"], None]) -> list[Any] | None:
        """The answers of one round trip; None when Redis is away."""
        try:
            async with asyncio.timeout(self._patience_seconds):
                pipeline = self._client().pipeline(transaction=False)
                fill(pipeline)
                answers: list[Any] = await pipeline.execute()
        except Exception as error:
            if not is_away(error):
                raise
            if not self._is_away:
                logger.warning("other processes are not told: %s", reason(error))
            self._is_away = True
            self._away_until = monotonic() + _AWAY_SECONDS
            return None
        if self._is_away:
            logger.info("other processes are told again")
        self._is_away = False
        return answers

    def _client(self) -> "Redis":
        if self._redis is None:
            self._redis = self._open_redis()
        return self._redis


class LivingOutgoing(SharedOutgoing):
    """A process that lives long: it tells the others beside its requests, and none of them waits for it."""

    def __init__(self, open_redis: OpenRedis, *, patience_seconds: float) -> None:
        super().__init__(open_redis, patience_seconds=patience_seconds)
        self._telling: asyncio.Task[None] | None = None
        self._is_closed = False

    def wake(
        self, org_id: int, queue: str, jobs: int, places: Iterable[Place] | None, *, at_once: bool = True
    ) -> None:
        super().wake(org_id, queue, jobs, places)
        if at_once:
            self._begin()
        else:
            asyncio.get_running_loop().call_later(_HEAD_START_SECONDS, self._begin)

    async def publish(self, channel: str, words: str) -> None:
        await super().publish(channel, words)
        self._begin()

    async def flush(self) -> None:
        """Nothing to do: it is on its way."""

    async def close(self) -> None:
        self._begin()
        self._is_closed = True
        if self._telling is not None:
            # What is committed and not yet told gets a last chance; Redis gone, it ends at once.
            await asyncio.wait([self._telling], timeout=self._patience_seconds)
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)
        await super().close()

    def _add(self, happening: Happening) -> None:
        super()._add(happening)
        if self.has_more:
            self._begin()

    def _begin(self) -> None:
        if self._is_closed or not self.has_more:
            return
        if self._telling is None or self._telling.done():
            self._telling = asyncio.get_running_loop().create_task(self._tell_all())

    async def _tell_all(self) -> None:
        while self.has_more:
            async with self._turn:
                is_told = await self._tell()
            if is_told:
                await asyncio.sleep(_PAUSE_SECONDS)
            elif self._backlog or self._unheard:
                await asyncio.sleep(_AWAY_SECONDS)
