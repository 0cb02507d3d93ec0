"""Public ids: a type prefix and the base32 of a 64-bit key made by the database.

The key holds milliseconds since 1970 in its high bits and a sequence in its low 20, so ids sort by time
and an id names the archive partition of its job. The alphabet is Crockford's base32 in lower case.
"""

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {symbol: value for value, symbol in enumerate(_ALPHABET)}
_LENGTH = 13
_LARGEST = 2**63 - 1
UNKNOWN = 0
"""A key that no row has: what an id that does not parse stands for."""


def encode(prefix: str, key: int) -> str:
    """The public form of `key`, for example `job_01k8x5q2m4c00`."""
    symbols = [_ALPHABET[(key >> shift) & 31] for shift in range(5 * (_LENGTH - 1), -1, -5)]
    return f"{prefix}_{''.join(symbols)}"


def encode_optional(prefix: str, key: int | None) -> str | None:
    return None if key is None else encode(prefix, key)


def decode(prefix: str, public: str) -> int:
    """The key of `public`, or UNKNOWN when it is no id of this type: an unknown id, not a broken request."""
    head, _, body = public.partition("_")
    if head != prefix or len(body) != _LENGTH or not all(symbol in _VALUES for symbol in body):
        return UNKNOWN
    key = 0
    for symbol in body:
        key = key << 5 | _VALUES[symbol]
    return key if key <= _LARGEST else UNKNOWN
