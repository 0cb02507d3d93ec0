"""SIGTERM and Ctrl-C: the first one ends the process in good order, and further ones change nothing."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


class StoppedError(BaseException):
    """The process was asked to end before it served."""


class Ending:
    """Takes the signals of the process from when it is made."""

    def __init__(self) -> None:
        self._asked = False
        self._tell: Callable[[], object] | None = None
        for sign in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            # Who said nohup wants us to outlive the terminal.
            if sign != signal.SIGHUP or signal.getsignal(sign) is not signal.SIG_IGN:
                signal.signal(sign, self._ask)

    @contextmanager
    def told(self) -> Iterator[asyncio.Event]:
        """Within the block a signal sets the event; before, it raises StoppedError wherever that is."""
        loop, event = asyncio.get_running_loop(), asyncio.Event()
        self._tell = lambda: loop.call_soon_threadsafe(event.set)
        try:
            yield event
        finally:
            self._tell = None

    def _ask(self, _sign: int, _frame: FrameType | None) -> None:
        if self._asked:
            return
        self._asked = True
        if self._tell is None:
            raise StoppedError
        self._tell()
