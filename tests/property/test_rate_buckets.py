"""Token buckets under any pattern of arrivals."""

from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from shared.limits.bucket import LocalBuckets, Rate, Taken

GAPS = st.lists(st.floats(0, 3), min_size=1, max_size=200)
RATES = st.builds(
    lambda per_second, burst: Rate("r", "organization", per_second, burst),
    st.floats(0.05, 600),
    st.integers(1, 1200),
)


def admitted(rate: Rate, moments: list[float]) -> list[bool]:
    """Which requests get in, one process spending what it draws."""
    buckets, drawn, answers = LocalBuckets(), 0, []
    for moment in moments:
        if not drawn:
            drawn = buckets.draw([rate], moment)[0].granted
        answers.append(drawn > 0)
        drawn -= drawn > 0
    return answers


@given(RATES, st.integers(1, 300), st.floats(0, 10))
def test_a_steady_caller_at_the_rate_is_never_refused(rate: Rate, count: int, start: float) -> None:
    """Requests at exactly the stated rate all get in, also right after the whole burst was used."""
    burst = [start] * rate.burst
    steady = [start + (number + 1) / rate.per_second * (1 + 1e-9) for number in range(count)]

    assert all(admitted(rate, burst + steady))


@given(RATES, GAPS)
def test_no_window_admits_more_than_burst_and_rate(rate: Rate, gaps: list[float]) -> None:
    """Over any window: at most the bucket and what flows in meanwhile, and a chunk drawn before."""
    moments = [sum(gaps[: index + 1]) for index in range(len(gaps))]
    times = [moment for moment, let_in in zip(moments, admitted(rate, moments), strict=True) if let_in]

    for first, since in enumerate(times):
        for last, until in enumerate(times[first:], first):
            assert last - first + 1 <= rate.capacity + rate.per_second * (until - since) + rate.chunk + 1e-6


@given(st.floats(0.05, 600), st.floats(-5, 5))
def test_a_slow_clock_refuses_nobody(per_second: float, skew: float) -> None:
    """Two processes whose clocks differ share a bucket: a burst that covers the difference is enough."""
    rate = Rate("r", "organization", per_second, 2 + ceil(per_second * abs(skew)))
    buckets, drawn = LocalBuckets(), 0
    for number in range(100):
        moment = 100 + number / rate.per_second * (1 + 1e-9)
        if not drawn:
            drawn = buckets.draw([rate], moment + (skew if number % 2 else 0))[0].granted
        assert drawn
        drawn -= 1


def test_a_rate_of_nothing_lets_nobody_in() -> None:
    """A custom limit of 0 a second refuses every request, and divides by nothing."""
    rate = Rate("r", "organization", 0, 10)
    [draw] = LocalBuckets().draw([rate], 1.0)

    refused = Taken(False, rate, draw.left)

    assert (draw.granted, refused.remaining, refused.wait_seconds) == (0, 0, 3600)
