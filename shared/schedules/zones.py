"""Time zones by their IANA name."""

import re
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

_OFFSET = re.compile(r"[+-][0-9]")


class UnknownTimezone(ValueError):  # noqa: N818 - what the reader of a message looks for
    """There is no time zone of that name."""


@cache
def find_zone(name: str) -> ZoneInfo:
    """The zone of exactly that name: a schedule means the same on every machine and file system."""
    if name not in _names():
        start = name[:40]
        raise UnknownTimezone(f"{ascii(start)[:60]} is not an IANA time zone; {_advice(start)}")
    return ZoneInfo(name)


@cache
def _names() -> frozenset[str]:
    # Not zoneinfo.available_timezones(): it searches the file system, and adds names that only mean
    # something on this machine, such as `localtime`.
    return frozenset(files("tzdata").joinpath("zones").read_text("ascii").split())


def _advice(name: str) -> str:
    """What was probably meant: finds wrong case, a city alone and small slips."""
    if _OFFSET.search(name):
        return "a fixed offset is written with the opposite sign: Etc/GMT-2 is two hours ahead of UTC"
    candidates = {known.lower().rpartition("/")[2]: known for known in sorted(_names())}
    candidates |= {known.lower(): known for known in _names()}
    for close in get_close_matches(name.strip().lower().replace(" ", "_"), candidates, n=1, cutoff=0.75):
        return f"did you mean {candidates[close]}?"
    return "use a name such as Europe/Berlin, America/New_York or UTC"
