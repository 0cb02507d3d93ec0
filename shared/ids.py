"""Public ids: a type prefix and the base32 of a 64-bit key made by the database.

The key holds milliseconds since 1970 in its high bits and a sequence in its low 20, so ids sort by time
and an id names the archive partition of its job. The alphabet is Crockford's base32 in lower case.
"""

from datetime import UTC, datetime, timedelta

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_VALUES = {symbol: value for value, symbol in enumerate(_ALPHABET)}
_DIGITS = bytes(
    b"0123456789abcdefghijklmnopqrstuv"[_ALPHABET.index(symbol)]
    if (symbol := chr(code)) in _ALPHABET
    else ord("?")
    for code in range(256)
)
"""From our digits to those of Python's base 32, and from all else to none of them."""
_LENGTH = 13
_LARGEST = 2**63 - 1
UNKNOWN = 0
"""A key that no row has: what an id that does not parse stands for."""


def encode(prefix: str, key: int) -> str:
    """The public form of `key`, for example `job_01k8x5q2m4c00`."""
    return (
        f"{prefix}_{_ALPHABET[key >> 60]}{_PAIRS[key >> 50 & 1023]}{_PAIRS[key >> 40 & 1023]}"
        f"{_PAIRS[key >> 30 & 1023]}{_PAIRS[key >> 20 & 1023]}{_PAIRS[key >> 10 & 1023]}{_PAIRS[key & 1023]}"
    )


def encode_optional(prefix: str, key: int | None) -> str | None:
    return None if key is None else encode(prefix, key)


def decode(prefix: str, public: str) -> int:
    """The key of `public`, or UNKNOWN when it is no id of this type: an unknown id, not a broken request."""
    head, _, body = public.partition("_")
    if head != prefix or len(body) != _LENGTH:
        return UNKNOWN
    try:
        key = int(body.encode("ascii").translate(_DIGITS), 32)
    except ValueError:
        return UNKNOWN
    return key if key <= _LARGEST else UNKNOWN


def below(prefix: str, public: str | None) -> int:
    """The key below which a page of the newest first stays: that of the last one seen, or of none."""
    return _LARGEST if public is None else decode(prefix, public)


def range_of_head(prefix: str, head: str) -> tuple[int, int]:
    """The first and last key whose public form begins with `head`, in any case; an empty range when none."""
    text, start = head.lower(), f"{prefix}_"
    if not text or start.startswith(text):
        return (0, _LARGEST) if text else (0, -1)
    body = text.removeprefix(start)
    if body == text or len(body) > _LENGTH or not all(symbol in _VALUES for symbol in body):
        return 0, -1
    first, last = (
        sum(_VALUES[symbol] << 5 * (_LENGTH - 1 - place) for place, symbol in enumerate(filled))
        for filled in (body.ljust(_LENGTH, _ALPHABET[0]), body.ljust(_LENGTH, _ALPHABET[-1]))
    )
    return min(first, _LARGEST), min(last, _LARGEST)


def first_of(instant: datetime, slack: timedelta) -> int:
    """The first key of the millisecond that is `slack` after `instant`; the nearest key there is."""
    milliseconds = (instant - datetime(1970, 1, 1, tzinfo=UTC) + slack) // timedelta(milliseconds=1)
    return max(0, min(milliseconds << 20, _LARGEST))
