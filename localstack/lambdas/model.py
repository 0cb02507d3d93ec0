"""What an invocation is, for who makes it: gateway, timers and the deployment."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Invocation:
    """The outcome of one synchronous invocation: the function's JSON answer, or Lambda's JSON error."""

    payload: bytes
    failed: bool = False


Invoke = Callable[[str, bytes], Awaitable[Invocation]]
"""Invoke a function by name with a JSON payload; a function's own error is an outcome, not an exception.

Raises TooManyRequestsError when the function's reserved concurrency is used up.
"""


class TooManyRequestsError(Exception):
    """Lambda refuses an invocation: every environment that the function may have is busy."""
