"""The headers that keep an answer from being anything else than what it is, in a browser or on the way."""

from collections.abc import Mapping

DENY_ALL = "default-src 'none'; frame-ancestors 'none'"
"""The policy of what is data: opened as a page it loads nothing, runs nothing and stands in no frame."""

GUARDS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", DENY_ALL.encode()),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    # Keys, tokens and what jobs carry are kept by nobody on the way.
    (b"cache-control", b"no-store"),
)


def guards_of(own: Mapping[str, str]) -> list[tuple[bytes, bytes]] | tuple[tuple[bytes, bytes], ...]:
    """The guards of an answer with these headers of its own: what it says itself stands."""
    return [pair for pair in GUARDS if pair[0].decode() not in own] if own else GUARDS
