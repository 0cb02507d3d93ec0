"""Rate limits: token buckets that all processes share in Redis, counted by each alone while it is away.

A process draws tokens in chunks and spends them without asking, so that most requests cost no round trip.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from shared.limits.bucket import Draw, LocalBuckets, Rate, Taken

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger = logging.getLogger("spooled.rates")
_SCRIPT = Path(__file__).with_name("take_tokens.lua")
_AWAY_SECONDS = 1.0
_LARGEST = 10_000


class RateLimiter:
    """Takes a token of each rate that a request is held to, or refuses it."""

    def __init__(self, open_redis: "Callable[[], Redis | None]" = lambda: None) -> None:
        self._open_redis = open_redis
        self._redis: Redis | None = None
        self._script: Any = None
        self._away_until = 0.0
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
        [draw] = self._local.draw([rate], now.timestamp())
        return Taken(True, rate, max(0.0, draw.left))

    async def close(self) -> None:
        if self._redis is not None:
            await self._redis.aclose()

    async def _draw(self, rates: Sequence[Rate], seconds: float) -> list[Draw]:
        if monotonic() >= self._away_until:
            try:
                return await self._draw_shared(rates, seconds)
            except (OSError, TimeoutError) as error:
                self._stay_away(error)
            except Exception as error:
                if type(error).__module__.partition(".")[0] != "redis":
                    raise
                self._stay_away(error)
        return self._local.draw(rates, seconds)

    def _stay_away(self, error: Exception) -> None:
        """A dead Redis is asked once a second: requests do not wait for it."""
        logger.warning("rate limits are counted by this process alone: %s", error)
        self._away_until = monotonic() + _AWAY_SECONDS

    async def _draw_shared(self, rates: Sequence[Rate], seconds: float) -> list[Draw]:
        if self._script is None:
            self._redis = self._open_redis()
            if self._redis is None:
                self._away_until = float("inf")
                return self._local.draw(rates, seconds)
            self._script = self._redis.register_script(_SCRIPT.read_text(encoding="utf-8"))
        figures = [figure for rate in rates for figure in (rate.per_second, rate.capacity, rate.chunk)]
        keys = [f"spooled:rate:{rate.name}" for rate in rates]
        answer = await self._script(keys=keys, args=[f"{seconds:.6f}", *figures])
        return [Draw(int(answer[at]), float(answer[at + 1])) for at in range(0, len(answer), 2)]

    def _seen(self, rate: Rate, seconds: float) -> float:
        """What is left of a rate as far as this process knows."""
        left, at = self._left.get(rate.name, (0.0, seconds))
        return min(
            rate.burst, left + max(0.0, seconds - at) * rate.per_second + self._drawn.get(rate.name, 0)
        )

    def _forget_some(self) -> None:
        if len(self._drawn) > _LARGEST:
            self._drawn.clear()
            self._left.clear()
