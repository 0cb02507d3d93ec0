"""What the doctor finds."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.doctor.installation import Installation


class Level(StrEnum):
    """How much it matters. A warning is what works and will not for ever; skipped was not looked at."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, without secrets.

    advice: how to mend it, empty where there is nothing to mend; `command` is what to type then.
    """

    level: Level
    found: str
    advice: str = ""
    command: str = ""


def ok(found: str) -> Finding:
    return Finding(Level.OK, found)


def warning(found: str, advice: str, command: str) -> Finding:
    return Finding(Level.WARNING, found, advice, command)


def failed(found: str, advice: str, command: str) -> Finding:
    return Finding(Level.FAILED, found, advice, command)


def skipped(why: str, advice: str = "", command: str = "") -> Finding:
    return Finding(Level.SKIPPED, why, advice, command)


Check = Callable[[Installation], Awaitable[Finding]]
"""Looks at one thing. Its name is that of the function; what it raises is found for it."""


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the installation. first: of what the others need; they are skipped when it does not pass."""

    name: str
    checks: Sequence[Check]
    first: Check | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """A finding, and what it is of."""

    area: str
    check: str
    finding: Finding
    seconds: float
