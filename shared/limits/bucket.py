"""Token buckets: how many requests a rate leaves at a moment. Arithmetic only; who counts is in `rates`."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor

from shared.errors import RateLimitedError

_LARGEST = 10_000
_NEVER_SECONDS = 3600.0
_CHUNKS_OF_A_BURST = 20
_CHUNKS_BEYOND = 8


@dataclass(frozen=True)
class Rate:
    """So many requests a second, and so many at once after a quiet time; 0 a second is none at all."""

    name: str
    scope: str
    per_second: float
    burst: int

    @cached_property
    def chunk(self) -> int:
        """How many tokens a process draws at a time: one, until a round trip for each would cost more than it
        guards.
        """
        return max(1, min(int(self.per_second), self.burst) // _CHUNKS_OF_A_BURST)

    @cached_property
    def capacity(self) -> float:
        """What the shared bucket holds: the burst, and what a few processes may have drawn and not yet used,
        so that nobody is refused below the rate.
        """
        if self.per_second <= 0:
            return 0.0
        return max(self.burst, 1) + self.slack

    @cached_property
    def slack(self) -> int:
        """What the bucket holds beyond the burst; no answer shows it."""
        return self.chunk * _CHUNKS_BEYOND if self.chunk > 1 else 0

    @property
    def in_words(self) -> str:
        """The rate as a person would give it."""
        if 0 < self.per_second < 1:
            return f"{self.per_second * 60:.4g} a minute"
        return f"{self.per_second:.4g} a second"

    def seconds_for(self, tokens: float) -> float:
        """How long `tokens` take to come."""
        if tokens <= 0:
            return 0.0
        return tokens / self.per_second if self.per_second > 0 else _NEVER_SECONDS


@dataclass(frozen=True, slots=True)
class Draw:
    """What a bucket gave, and what is left in it."""

    granted: int
    left: float


@dataclass(frozen=True, slots=True)
class Taken:
    """Whether a request may go on, and the figures that its answer shows."""

    allowed: bool
    rate: Rate
    left: float

    @property
    def limit(self) -> int:
        return self.rate.burst

    @property
    def remaining(self) -> int:
        return max(0, min(self.rate.burst, floor(self.left - self.rate.slack)))

    @property
    def seconds_until_full(self) -> int:
        return ceil(self.rate.seconds_for(self.rate.capacity - self.left))

    @property
    def wait_seconds(self) -> int:
        """Until the next request is let in; at least 1."""
        return max(1, ceil(self.rate.seconds_for(1 - self.left)))

    def require(self, what: str) -> None:
        """Raise RateLimitedError unless allowed: what there was too much of, and when to come back."""
        if not self.allowed:
            wait, rate = self.wait_seconds, self.rate
            raise RateLimitedError(
                f"Too many {what}: {rate.in_words} are allowed, {rate.burst} at once. Try again in {wait} s.",
                wait_seconds=wait,
            )


class LocalBuckets:
    """The buckets of this process: what counts where there is no Redis."""

    def __init__(self) -> None:
        self._buckets: dict[str, tuple[float, float]] = {}

    def draw(self, rates: Sequence[Rate], now: float, *, in_chunks: bool = True) -> list[Draw]:
        """A chunk, or one token, of each bucket; nothing of any when one is empty. `now`: Unix seconds."""
        tokens = [self._tokens(rate, now) for rate in rates]
        give = all(left >= 1 for left in tokens)
        draws = []
        for rate, left in zip(rates, tokens, strict=True):
            granted = min(rate.chunk if in_chunks else 1, floor(left)) if give else 0
            self._buckets[rate.name] = left - granted, max(now, self._buckets.get(rate.name, (0, now))[1])
            draws.append(Draw(granted, left - granted))
        return draws

    def take_one(self, rate: Rate, now: float) -> float:
        """Take a token if there is one, and say how many are left. `now`: Unix seconds."""
        left = self._tokens(rate, now)
        left -= left >= 1
        self._buckets[rate.name] = left, max(now, self._buckets.get(rate.name, (0, now))[1])
        return left

    def _tokens(self, rate: Rate, now: float) -> float:
        """What the bucket holds. A clock that is behind another's takes the later time for now:
        the difference costs a part of the burst, once.
        """
        if rate.name not in self._buckets:
            if len(self._buckets) >= _LARGEST:
                self._buckets.clear()
            return rate.capacity
        tokens, at = self._buckets[rate.name]
        return min(rate.capacity, tokens + max(0.0, now - at) * rate.per_second)
