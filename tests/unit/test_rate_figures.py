"""The figures that answers show of a rate."""

from datetime import UTC, datetime

import pytest

from shared.limits.bucket import Rate
from shared.limits.rates import RateLimiter

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RATES = [
    Rate("free", "organization", 5, 10),
    Rate("pro", "organization", 100, 200),
    Rate("key", "api_key", 1, 60),
]


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: rate.name)
async def test_each_request_shows_one_less(rate: Rate) -> None:
    """From the burst down by ones, by whatever chunk tokens are drawn; the reset is when all are back."""
    limiter = RateLimiter()

    seen = [await limiter.take([rate], NOW) for _ in range(rate.burst // 2)]

    assert [taken.remaining for taken in seen] == [rate.burst - 1 - used for used in range(rate.burst // 2)]
    assert seen[-1].seconds_until_full == -(-(rate.burst // 2) // rate.per_second)


def test_a_rate_that_is_only_stated_counts_down_too() -> None:
    """Each request shows one less, and at the end none, and is never refused."""
    limiter, rate = RateLimiter(), Rate("enterprise", "organization", 500, 1000)

    seen = [limiter.watch(rate, NOW) for _ in range(1100)]

    assert [taken.remaining for taken in seen] == [max(0, 999 - used) for used in range(1100)]
    assert all(taken.allowed for taken in seen)
