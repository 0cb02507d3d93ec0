"""Taking a request in: how large its head and body may be, and how long it may take."""

import asyncio
from collections.abc import Mapping

from starlette.types import Receive, Scope

HEAD_BYTES = 10_240
BODY_BYTES = 10_000_000
BODY_SECONDS = 30.0


class RequestRefusedError(Exception):
    """The gateway refuses a request before any function has it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class ClientGoneError(Exception):
    """The client went away before its request was here in full."""


def require_small_head(scope: Scope) -> None:
    """Raise RequestRefusedError when the request line and the values of the headers are too long together."""
    line = len(scope["method"]) + len(scope["raw_path"]) + len(scope["query_string"])
    if line + sum(len(value) for _, value in scope["headers"]) > HEAD_BYTES:
        raise RequestRefusedError(431, "Request Header Fields Too Large")


async def receive_body(headers: Mapping[str, str], receive: Receive) -> bytes:
    """The whole body. Raises RequestRefusedError for a large or late one, else ClientGoneError."""
    length = headers.get("content-length", "")
    if length.isdigit() and int(length) > BODY_BYTES:
        raise too_large()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _receive(receive)
    except TimeoutError:
        raise RequestRefusedError(408, "Request Timeout") from None


async def _receive(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        body += message.get("body", b"")
        if len(body) > BODY_BYTES:
            raise too_large()
        if not message.get("more_body", False):
            return bytes(body)


def too_large() -> RequestRefusedError:
    """The refusal of a body over the limit."""
    return RequestRefusedError(413, "Request Entity Too Large")
