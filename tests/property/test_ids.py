"""Public ids come back as the keys they were made of, and nothing else is one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import ids

keys = st.integers(min_value=1, max_value=2**63 - 1)
SYMBOLS = "0123456789abcdefghjkmnpqrstvwxyz"


@given(keys)
def test_a_key_comes_back(key: int) -> None:
    """The public form of each key leads to it, and to no other type's."""
    public = ids.encode("job", key)

    assert ids.decode("job", public) == key
    assert ids.decode("org", public) == ids.UNKNOWN


@given(keys, st.integers(min_value=0, max_value=12), st.characters(exclude_characters=SYMBOLS))
def test_a_symbol_that_is_none_makes_an_unknown_id(key: int, place: int, symbol: str) -> None:
    """Also one that Python would read in a number."""
    public = ids.encode("job", key)
    at = len("job_") + place

    assert ids.decode("job", public[:at] + symbol + public[at + 1 :]) == ids.UNKNOWN


@pytest.mark.parametrize(
    "symbol", ["_", " ", "+", "-", "A", "i", "l", "o", "u", "\N{ARABIC-INDIC DIGIT ONE}"]
)
def test_what_looks_like_a_number_is_none(symbol: str) -> None:
    """What is read kindly elsewhere is no part of an id, at its beginning or within."""
    assert ids.decode("job", f"job_{symbol}00000000000z") == ids.UNKNOWN
    assert ids.decode("job", f"job_000000{symbol}00000z") == ids.UNKNOWN


@pytest.mark.parametrize(
    "public", ["", "job", "job_", "job_00000000000z", "job_00000000000000z", "job_zzzzzzzzzzzzz"]
)
def test_a_wrong_length_or_too_large_a_key_is_unknown(public: str) -> None:
    """An id has thirteen symbols, and its key fits into the database."""
    assert ids.decode("job", public) == ids.UNKNOWN
