"""Waiting, in a test that is not asynchronous, for something to become true."""

import time
from collections.abc import Callable

_LONGEST_SECONDS = 60


def wait_until(condition: Callable[[], bool], otherwise: Callable[[], str] = lambda: "") -> None:
    """Ask again and again, for as long as it takes and no longer; `otherwise` says what was there instead."""
    end = time.monotonic() + _LONGEST_SECONDS
    while not condition():
        assert time.monotonic() < end, f"it never became true. {otherwise()}"
        time.sleep(0.02)
