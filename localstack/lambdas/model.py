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

Raises an InvocationRefusedError when the function does not get to run.
"""


class InvocationRefusedError(Exception):
    """Lambda's API refuses an invocation before the function runs."""


class TooManyRequestsError(InvocationRefusedError):
    """Lambda refuses an invocation: every environment that the function may have is busy."""


class RequestTooLargeError(InvocationRefusedError):
    """Lambda refuses an invocation: its payload is over 6 MB."""


class ResourceNotFoundError(InvocationRefusedError):
    """Lambda refuses an invocation: there is no function of this name."""
