"""What processes tell each other of jobs that became claimable."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from shared.events.arrivals import Arrivals, read_arrivals

instants = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds have none
places = st.none() | st.lists(st.tuples(st.integers(-100, 100), instants), max_size=5)


@given(added=st.lists(st.tuples(st.integers(0, 2_000_000), places), min_size=1, max_size=5))
def test_what_is_told_is_understood(added: list[tuple[int, list[tuple[int, datetime]] | None]]) -> None:
    """How many there are, and the earliest of each priority; one of unknown place may be anywhere."""
    arrivals = Arrivals()
    for jobs, where in added:
        arrivals.add(jobs, where)

    jobs, told = read_arrivals(arrivals.in_words())

    assert jobs == sum(number for number, _ in added)
    if any(where is None for _, where in added):
        assert told is None
        return
    assert told is not None
    earliest = dict(told)
    all_places = [place for _, where in added for place in where or []]
    assert earliest.keys() == {priority for priority, _ in all_places}
    for priority, heard in earliest.items():
        first = min(run_at for other, run_at in all_places if other == priority)
        assert abs((heard - first).total_seconds()) < 0.001
