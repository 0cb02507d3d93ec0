"""Figures and instants as a person says them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def duration(length: timedelta) -> str:
    """Its two largest units, for example `3 m 20 s`; below a second `60 ms`, and never nothing."""
    seconds = length.total_seconds()
    if seconds < 1:
        return f"{max(1, round(seconds * 1000))} ms"
    left = round(seconds)
    parts: list[tuple[int, str]] = []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count or parts:
            parts.append((count, unit))
    return " ".join(f"{count} {unit}" for count, unit in parts[:2] if count)


def instant(when: datetime) -> str:
    """To the second and in UTC, whatever zone it came in from the database: `2026-03-01T12:00:00Z`."""
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def counted(count: int, one: str, several: str) -> str:
    """`1 job`, `1,204 jobs`."""
    return f"{count:,} {one if count == 1 else several}"


def size(count: float) -> str:
    """Bytes in the largest unit that they fill: `12 kB`, `3.4 GB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:  # noqa: PLR2004 - units of a thousand
            return f"{count:.0f} {unit}" if unit in {"B", "kB"} else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"


def listed(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
