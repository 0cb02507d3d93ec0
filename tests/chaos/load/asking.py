"""Requests that are noted in the log, with what became of them."""

import asyncio
from dataclasses import dataclass
from typing import Any

import grpc
import httpx

from shared.wire.proto import spooled_pb2 as pb
from tests.chaos.log import Log
from tests.support.rpc import Rpc

PATIENCE_SECONDS = 60.0
"""Longer than any answer may take: whoever is not answered by then was forgotten."""
YES, NO, UNKNOWN = "yes", "no", "unknown"
"""Acknowledged; refused, or never sent, so that nothing changed; and nobody told: it may hold or not."""
_STATUSES = {
    grpc.StatusCode.FAILED_PRECONDITION: 409,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.INTERNAL: 500,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
}
"""gRPC's statuses as those of HTTP; others say nothing of the service, such as a line that broke."""


@dataclass(frozen=True)
class Answer:
    """What became of a request.

    status: of HTTP, 0 when there was no answer.
    sent, ended: when it left, and when it was answered or lost.
    """

    outcome: str
    status: int
    body: Any
    sent: float
    ended: float

    @property
    def times(self) -> dict[str, float]:
        return {"sent": self.sent, "ended": self.ended}

    @property
    def said(self) -> str:
        """The text of an error."""
        return str(self.body.get("message", "")) if isinstance(self.body, dict) else ""


class Asker:
    """A client of one process over HTTP, for any number of tasks."""

    def __init__(self, log: Log, via: str, url: str, key: str) -> None:
        self.via = via
        self._log = log
        self._client = httpx.AsyncClient(
            base_url=f"{url}/api/v1",
            headers={"Authorization": f"Bearer {key}"},
            timeout=httpx.Timeout(PATIENCE_SECONDS, pool=None),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=40),
        )

    async def ask(self, op: str, method: str, path: str, body: Any = None, **query: Any) -> Answer:
        """Send it once."""
        sent = self._log.now()
        retry_after = None
        try:
            answer = await self._client.request(method, path, json=body, params=query or None)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            outcome, status, said = NO, 0, repr(error)
        except httpx.TransportError as error:
            outcome, status, said = UNKNOWN, 0, repr(error)
        else:
            status = answer.status_code
            outcome = YES if answer.is_success else UNKNOWN if status >= 500 else NO
            said = _body(answer)
            retry_after = answer.headers.get("retry-after")
        return noted(
            self._log, op, self.via, Answer(outcome, status, said, sent, self._log.now()), retry_after
        )

    async def close(self) -> None:
        await self._client.aclose()


class RpcAsker:
    """A client of one process over gRPC."""

    def __init__(self, log: Log, via: str, rpc: Rpc) -> None:
        self.via = via
        self.rpc = rpc
        self._log = log

    async def ask(self, op: str, method: str, **fields: Any) -> Answer:
        """Call it once; the body of the answer is the message."""
        sent = self._log.now()
        try:
            body = await asyncio.wait_for(self.rpc.call(method, **fields), PATIENCE_SECONDS)
        except grpc.aio.AioRpcError as error:
            status = _STATUSES.get(error.code(), 0)
            outcome = NO if 0 < status < 500 else UNKNOWN
            answer = Answer(outcome, status, {"message": error.details() or ""}, sent, self._log.now())
            # Of a broken line the library says UNAVAILABLE too; only the service says when to come back.
            return noted(self._log, op, self.via, answer, "by its status")
        return noted(self._log, op, self.via, Answer(YES, 200, body, sent, self._log.now()), None)


def _body(answer: httpx.Response) -> Any:
    try:
        return answer.json() if answer.content else None
    except ValueError:
        return answer.text


def answered_in_band(message: pb.ProcessResponse | None, sent: float, ended: float) -> Answer:
    """What a message of a stream says of a request; None is a stream that ended before it was answered."""
    if message is None:
        return Answer(UNKNOWN, 0, {"message": "the stream broke"}, sent, ended)
    if not message.HasField("error"):
        return Answer(YES, 200, message, sent, ended)
    code = message.error.code
    status = 409 if code == "LEASE_EXPIRED" else _STATUSES.get(grpc.StatusCode[code], 0)
    outcome = NO if 0 < status < 500 else UNKNOWN
    return Answer(outcome, status, {"message": message.error.message}, sent, ended)


def noted(log: Log, op: str, via: str, answer: Answer, retry_after: str | None) -> Answer:
    """The answer, which the log has from now on. retry_after: what was said of when to come back."""
    facts: dict[str, Any] = {}
    if answer.outcome is not YES:
        facts = {"said": str(answer.body)[:300], "retry_after": retry_after}
    log.write(
        "request", op=op, via=via, outcome=answer.outcome, status=answer.status, **answer.times, **facts
    )
    return answer
