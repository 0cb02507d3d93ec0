"""Answers on their way out: the headers that all of them carry, and the messages of ASGI."""

from starlette.types import Scope, Send

from shared.edge.answer import Answer, encode
from shared.edge.cors import CORS_HEADERS
from shared.edge.throttle import rate_headers

_MEDIA_TYPE = b"content-type"
IS_HEAD = "spooled.is_head"
"""Set in the scope of a request that wants headers alone."""


def common_headers(scope: Scope) -> list[tuple[bytes, bytes]]:
    """What every answer carries."""
    request_id = scope["spooled.request_id"].encode()
    return [(b"x-request-id", request_id), *CORS_HEADERS, *rate_headers(scope)]


async def send_answer(answer: Answer, scope: Scope, send: Send, usual_status: int = 200) -> None:
    """Send an answer whole; `usual_status` is that of an answer that names none."""
    status = answer.status or usual_status
    body = b"" if status == 204 else encode(answer.body)  # noqa: PLR2004 - No Content
    headers = [
        *common_headers(scope),
        *((name.encode(), value.encode()) for name, value in answer.headers.items()),
    ]
    if status != 204:  # noqa: PLR2004 - No Content
        headers += [(_MEDIA_TYPE, answer.media_type.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
