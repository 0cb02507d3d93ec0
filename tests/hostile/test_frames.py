"""WebSocket frame by frame, as no client library would send them."""

import socket
import zlib
from contextlib import suppress

import pytest
from websockets.frames import CloseCode

from tests.support.victim import Victim

MOST_MEGABYTES = 30.0
TEXT, BINARY, CONTINUED, CLOSE, PING = 1, 2, 0, 8, 9
DEFLATED = 4


def frame(kind: int, data: bytes = b"", *, last: bool = True, reserved: int = 0, mask: bool = True) -> bytes:
    """A frame with a mask of zeros, which changes nothing."""
    size = len(data)
    head = bytes([last << 7 | reserved << 4 | kind])
    if size < 126:
        head += bytes([mask << 7 | size])
    else:
        head += bytes([mask << 7 | 126]) + size.to_bytes(2)
    return head + b"\0\0\0\0" * mask + data


def said_to(victim: Victim, sent: bytes) -> tuple[bytes, int | None]:
    """What the service says to these frames until it hangs up: the handshake, and the code of its end."""
    head = (
        f"GET /api/v1/ws?token={victim.key} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1Ng==\r\n"
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", victim.port), timeout=30) as connection:
        connection.sendall(head.encode())
        answer = bytearray(connection.recv(65_536))
        with suppress(ConnectionError):
            connection.sendall(sent)
        with suppress(ConnectionError):
            while said := connection.recv(65_536):
                answer += said
    handshake, _, frames = bytes(answer).partition(b"\r\n\r\n")
    return handshake, _code_of(frames)


def _code_of(frames: bytes) -> int | None:
    while len(frames) >= 2:
        kind, size, at = frames[0] & 15, frames[1] & 127, 2
        if size >= 126:
            wide = 2 if size == 126 else 8
            size, at = int.from_bytes(frames[2 : 2 + wide]), 2 + wide
        if kind == CLOSE:
            return int.from_bytes(frames[at : at + 2])
        frames = frames[at + size :]
    return None


BOMB = zlib.compressobj(wbits=-15)
PACKED = (BOMB.compress(b"a" * 50_000_000) + BOMB.flush())[:60_000]
ENDS = {
    "fragments without end": (
        frame(TEXT, last=False) + frame(CONTINUED, last=False) * 2_000_000,
        CloseCode.MESSAGE_TOO_BIG,
    ),
    "fragments that are too large together": (
        frame(TEXT, b"a" * 60_000, last=False) * 1 + frame(CONTINUED, b"a" * 60_000, last=False),
        CloseCode.MESSAGE_TOO_BIG,
    ),
    "a size of 63 bits": (b"\x81\xff" + b"\x7f" + b"\xff" * 7 + b"\0\0\0\0", CloseCode.MESSAGE_TOO_BIG),
    "a size of 64 bits": (b"\x81\xff" + b"\xff" * 8 + b"\0\0\0\0", None),
    "a compressed bomb": (frame(TEXT, PACKED, reserved=DEFLATED), CloseCode.PROTOCOL_ERROR),
    "no mask": (frame(TEXT, b'{"cmd":"Ping"}', mask=False), CloseCode.PROTOCOL_ERROR),
    "a kind that there is not": (frame(3, b"a"), CloseCode.PROTOCOL_ERROR),
    "half a ping": (frame(PING, b"a", last=False), CloseCode.PROTOCOL_ERROR),
    "a large ping": (frame(PING, b"a" * 200), CloseCode.PROTOCOL_ERROR),
    "a message within a message": (frame(TEXT, last=False) + frame(TEXT, b"a"), CloseCode.PROTOCOL_ERROR),
    "a continuation of nothing": (frame(CONTINUED, b"a"), CloseCode.PROTOCOL_ERROR),
    "no UTF-8": (frame(TEXT, b"\xc3\x28"), CloseCode.INVALID_DATA),
    "no UTF-8 in pieces": (
        frame(TEXT, b"\xf0\x9f", last=False) + frame(CONTINUED, b"\x28"),
        CloseCode.INVALID_DATA,
    ),
    "a code that there is not": (frame(CLOSE, b"\0\1"), CloseCode.PROTOCOL_ERROR),
}


@pytest.mark.parametrize("end", ENDS)
def test_frames_that_break_a_rule_end_the_socket(victim: Victim, end: str) -> None:
    """The service says which kind of rule, hangs up, and has held nothing; nothing is compressed."""
    sent, code = ENDS[end]
    with victim.costing() as cost:
        handshake, said = said_to(victim, sent)

    assert handshake.startswith(b"HTTP/1.1 101")
    assert b"permessage-deflate" not in handshake
    assert said == code or code is None
    assert cost.megabytes < MOST_MEGABYTES
    assert victim.faults() == []


FLOODS = {
    "pings": frame(PING, b"a" * 125) * 20_000,
    "commands": frame(TEXT, b'{"cmd":"Explode"}') * 5_000,
    "binary": frame(BINARY, b"a") * 5_000,
    "depth": frame(TEXT, b"[" * 60_000) * 20,
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_of_messages_is_held_back(victim: Victim, flood: str) -> None:
    """Messages are read no faster than they are answered, and the socket ends as its client wants it to."""
    with victim.costing() as cost:
        _, code = said_to(victim, FLOODS[flood] + frame(CLOSE, CloseCode.NORMAL_CLOSURE.to_bytes(2)))

    # Who reads no pongs is sent none, and is hung up on if it goes on.
    assert code == CloseCode.NORMAL_CLOSURE or flood == "pings"
    assert cost.megabytes < MOST_MEGABYTES
    assert victim.faults() == []
