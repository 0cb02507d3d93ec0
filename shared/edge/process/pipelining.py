"""Requests that come before the one ahead is answered: few are read, and the rest waits as it came."""

import asyncio
from collections.abc import Iterator, Sized

from uvicorn.protocols.http.flow_control import FlowControl

_SLICE_BYTES = 16_384
"""What is read before it is known whether it was more than one request: hundreds at the most."""


class Pipeline(FlowControl):
    """The flow of one connection, which reads nothing more while requests wait for their turn.

    Uvicorn reads on with each answer, and a request that waits takes a hundred times the room of its bytes.
    """

    def __init__(self, transport: asyncio.Transport, waiting: Sized) -> None:
        super().__init__(transport)
        self._waiting = waiting
        self._held = b""

    def resume_reading(self) -> None:
        if not self._waiting and not self._held:
            super().resume_reading()

    def slices(self, data: bytes) -> Iterator[bytes]:
        """What is to be read now of what came; the rest is held from the first request that has to wait."""
        data, self._held = self._held + data, b""
        for at in range(0, len(data), _SLICE_BYTES):
            if self._waiting:
                self._held = data[at:]
                self.pause_reading()
                return
            yield data[at : at + _SLICE_BYTES]

    @property
    def is_due(self) -> bool:
        """Whether what is held may be read: nothing waits any more."""
        return bool(self._held) and not self._waiting
