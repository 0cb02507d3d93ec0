"""HTTP/2 frame by frame, to see what a server says below gRPC."""

import asyncio
import struct
from dataclasses import dataclass

SETTINGS, PING = 4, 6
ACK = 1
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_EMPTY_SETTINGS = bytes([0, 0, 0, SETTINGS, 0, 0, 0, 0, 0])
_PING = bytes([0, 0, 8, PING, 0, 0, 0, 0, 0]) + b"question"
_HEAD_BYTES = 9


@dataclass(frozen=True)
class Frame:
    """One frame of the connection itself or of a stream."""

    kind: int
    flags: int
    payload: bytes

    @property
    def settings(self) -> dict[int, int]:
        return dict(struct.iter_unpack("!HI", self.payload))


@dataclass
class RawHttp2:
    """A connection that says nothing but that it speaks HTTP/2, and answers nothing."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, address: str) -> "RawHttp2":
        host, _, port = address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(_PREFACE + _EMPTY_SETTINGS)
        return cls(reader, writer)

    async def next(self, kind: int) -> Frame:
        """The next frame of that kind; what comes before it is passed over. EOFError when there is none."""
        while True:
            head = await self.reader.readexactly(_HEAD_BYTES)
            frame = Frame(head[3], head[4], await self.reader.readexactly(int.from_bytes(head[:3])))
            if frame.kind == kind:
                return frame

    async def ping(self) -> None:
        self.writer.write(_PING)
        await self.writer.drain()

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()
