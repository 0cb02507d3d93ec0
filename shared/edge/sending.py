"""Answers on their way out: the headers that all of them carry, and the messages of ASGI."""

import asyncio
from http import HTTPStatus

from starlette.types import Scope, Send

from shared.edge.answer import JSON, Answer, encode
from shared.edge.cors import CORS_HEADERS
from shared.edge.guards import guards_of
from shared.edge.headers import read_headers
from shared.edge.throttle import rate_headers
from shared.packing import PAYS_FROM_BYTES, packed, unpacks_gzip

_MEDIA_TYPE = b"content-type"
_BODILESS = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
IS_HEAD = "spooled.is_head"
"""Set in the scope of a request that wants headers alone."""


def common_headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    """What every answer carries, beside the guards that its kind of answer needs."""
    request_id = scope["spooled.request_id"].encode()
    return [(b"x-request-id", request_id), *CORS_HEADERS, *rate_headers(scope)]


async def send_answer(answer: Answer, scope: Scope, send: Send, usual_status: int = 200) -> None:
    """Send an answer whole; `usual_status` is that of an answer that names none."""
    status = answer.status or usual_status
    body = b"" if status in _BODILESS else encode(answer.body)
    headers = [
        *common_headers(scope),
        *guards_of(answer.headers),
        *((name.encode(), value.encode()) for name, value in answer.headers.items()),
    ]
    if len(body) >= PAYS_FROM_BYTES and _is_to_be_packed(answer, scope):
        body = await asyncio.to_thread(packed, body)
        headers += [(b"content-encoding", b"gzip"), (b"vary", b"accept-encoding")]
    if status not in _BODILESS:
        headers += [(_MEDIA_TYPE, answer.media_type.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _is_to_be_packed(answer: Answer, scope: Scope) -> bool:
    """What is only read, in JSON: workers that take jobs are to have them at once."""
    return scope["method"] == "GET" and answer.media_type == JSON and unpacks_gzip(read_headers(scope))
