"""The figures of Lambda, and of one machine that plays it."""

from dataclasses import dataclass

REQUEST_BYTES = 6_291_456
RESPONSE_BYTES = 6_291_556
"""Lambda's own figures: 6 MB, and for the answer 100 bytes more."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long environments live and how many there may be; tests make the times short."""

    init_seconds: float = 10.0
    idle_seconds: float = 300.0
    grace_seconds: float = 2.0
    """From SIGTERM to SIGKILL, as Lambda gives a function that has an extension."""
    environments: int = 64
    """Of all functions together: what one machine bears. Idle ones make room, the longest unused first."""
    freeze: bool = True
    """Stop a process between invocations, as Lambda does."""
    memory_check_seconds: float = 0.05
