"""Rate limits: token buckets that all processes share in Redis, counted by each alone while it is away.

A process draws tokens in chunks and spends them without asking, so that most requests cost no round trip.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from time import monotonic, time
from typing import TYPE_CHECKING, Any

from shared.events.channel import is_away, reason
from shared.limits.bucket import Draw, LocalBuckets, Rate, Taken

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger = logging.getLogger("spooled.rates")
_SCRIPT = Path(__file__).with_name("take_tokens.lua")
_AWAY_SECONDS = 1.0
_LARGEST = 10_000


class RateLimiter:
    """Takes a token of each rate that a request is held to, or refuses it.

    in_chunks: off where a process serves one request at a time and there may be hundreds of them, as in
        Lambda: what each of them held back would be missing elsewhere.
    wall_clock: this machine's, by which `now` was read; a test shows what two that disagree do.
    """

    def __init__(
        self,
        open_redis: "Callable[[], Redis | None]" = lambda: None,
        *,
        in_chunks: bool = True,
        wall_clock: Callable[[], float] = time,
    ) -> None:
        self._open_redis = open_redis
        self._in_chunks = in_chunks
        self._wall_clock = wall_clock
        self._redis: Redis | None = None
        self._script: Any = None
        self._is_away = False
        self._ask_again_at = 0.0
        self._asking: asyncio.Task[None] | None = None
        self._drawing: set[str] = set()
        self._local = LocalBuckets()
        self._drawn: dict[str, int] = {}
        self._left: dict[str, tuple[float, float]] = {}

    async def take(self, rates: Sequence[Rate], now: datetime) -> Taken:
        """One token of each rate, or none of any; the figures are of the rate that is nearest its end."""
        seconds = now.timestamp()
        while lacking := [rate for rate in rates if self._drawn.get(rate.name, 0) < 1]:
            draws = await self._draw(lacking, seconds)
            for rate, draw in zip(lacking, draws, strict=True):
                self._drawn[rate.name] = self._drawn.get(rate.name, 0) + draw.granted
                self._left[rate.name] = draw.left, seconds
            empty = [Taken(False, rate, draw.left) for rate, draw in zip(lacking, draws, strict=True)]
            if not any(draw.granted for draw in draws):
                return max(empty, key=lambda taken: taken.rate.seconds_for(1 - taken.left))
        for rate in rates:
            self._drawn[rate.name] -= 1
        self._forget_some()
        seen = [Taken(True, rate, self._seen(rate, seconds)) for rate in rates]
        return min(seen, key=lambda taken: taken.left / max(1, taken.limit))

    def give_back(self, rate: Rate) -> None:
        """A token that was taken for nothing."""
        self._drawn[rate.name] = self._drawn.get(rate.name, 0) + 1

    def watch(self, rate: Rate, now: datetime) -> Taken:
        """Count a request of a rate that is stated and not enforced: the figures are this process's own."""
        return Taken(True, rate, self._local.take_one(rate, now.timestamp()))

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        if self._redis is not None:
            await self._redis.aclose()

    async def _draw(self, rates: Sequence[Rate], seconds: float) -> list[Draw]:
        script = self._shared_script()
        if script is None:
            return self._local.draw(rates, seconds)
        if self._is_away:
            self._ask_again(script)
            return self._local.draw(rates, seconds)
        try:
            return await self._draw_shared(script, rates, seconds)
        except Exception as error:
            if not is_away(error):
                raise
            logger.warning("rate limits are counted by this process alone: %s", reason(error))
            self._is_away, self._ask_again_at = True, monotonic() + _AWAY_SECONDS
            return self._local.draw(rates, seconds)

    def _shared_script(self) -> Any:
        """The script in Redis, None for a service that runs without."""
        if self._script is None and self._redis is None:
            self._redis = self._open_redis()
            if self._redis is None:
                self._open_redis = lambda: None
                return None
            self._script = self._redis.register_script(_SCRIPT.read_text(encoding="utf-8"))
        return self._script

    def _ask_again(self, script: Any) -> None:
        """Ask a dead Redis once a second, beside the requests: none of them waits for it."""
        if monotonic() >= self._ask_again_at and (self._asking is None or self._asking.done()):
            self._asking = asyncio.get_running_loop().create_task(self._ask(script))

    async def _ask(self, script: Any) -> None:
        try:
            await script(keys=[], args=[0])
        except Exception as error:
            if not is_away(error):
                raise
            self._ask_again_at = monotonic() + _AWAY_SECONDS
        else:
            logger.info("rate limits are shared again")
            self._is_away = False

    async def _draw_shared(self, script: Any, rates: Sequence[Rate], seconds: float) -> list[Draw]:
        # One chunk at a time: what many waiting requests drew at once would be missing in other processes.
        whole = [rate.name for rate in rates if self._in_chunks and rate.name not in self._drawing]
        figures = [
            figure
            for rate in rates
            for figure in (rate.per_second, rate.capacity, rate.chunk if rate.name in whole else 1)
        ]
        self._drawing.update(whole)
        try:
            answer = await script(
                keys=[f"spooled:rate:{rate.name}" for rate in rates],
                # Clocks of machines differ, and a fast one would hold back what flows in for the others.
                args=[f"{seconds - self._wall_clock():.6f}", *figures],
            )
        finally:
            self._drawing.difference_update(whole)
        return [Draw(int(answer[at]), float(answer[at + 1])) for at in range(0, len(answer), 2)]

    def _seen(self, rate: Rate, seconds: float) -> float:
        """What is left of a rate as far as this process knows."""
        left, at = self._left.get(rate.name, (0.0, seconds))
        come = max(0.0, seconds - at) * rate.per_second
        return min(rate.capacity, left + come + self._drawn.get(rate.name, 0))

    def _forget_some(self) -> None:
        if len(self._drawn) > _LARGEST:
            self._drawn.clear()
            self._left.clear()
