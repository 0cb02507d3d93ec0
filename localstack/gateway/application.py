"""The gateway as an ASGI application, with the limits and refusals of an HTTP API.

An answer that is later than the route's timeout, at most 30 s, is 503 `Service Unavailable` (504 is what a
REST API says), and so is a throttled function. A function that fails or answers nonsense is 500. An event
that Lambda finds too large is 413, like a body that the gateway does.
"""

import asyncio
import base64
import logging
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import orjson
from starlette.types import Receive, Scope, Send

from localstack.cloud.deployed import Deployed
from localstack.gateway.answer import HttpAnswer, MalformedAnswerError, function_answer, gateway_answer
from localstack.gateway.cors import preflight_answer, with_cors
from localstack.gateway.event import Arrival, event_of, joined_headers
from localstack.gateway.receiving import (
    ClientGoneError,
    RequestRefusedError,
    receive_body,
    require_small_head,
    too_large,
)
from localstack.gateway.routes import Matched, Routes
from localstack.lambdas.model import Invocation, Invoke, RequestTooLargeError, TooManyRequestsError

logger = logging.getLogger("spooled.gateway")
LONGEST_SECONDS = 30.0
_WITHOUT_BODY = {204, 304}
_INTERNAL = gateway_answer(500, "Internal Server Error")
_UNAVAILABLE = gateway_answer(503, "Service Unavailable")


class Gateway:
    """Answers requests through the functions of a deployment."""

    def __init__(
        self,
        deployed: Deployed,
        invoke: Invoke,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._routes = Routes(deployed.routes)
        self._cors = deployed.cors
        self._account_id = _account_id(deployed)
        self._invoke = invoke
        self._clock = clock
        self._random_bytes = random_bytes
        self._running: set[asyncio.Task[Invocation]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})
        elif scope["type"] == "http":
            arrival = self._arrival()
            try:
                answer = await self._answer(scope, receive, arrival)
            except ClientGoneError:
                return
            await _send(answer, arrival.request_id, scope["method"], send)

    async def _answer(self, scope: Scope, receive: Receive, arrival: Arrival) -> HttpAnswer:
        headers = joined_headers(scope["headers"])
        if self._cors and (preflight := preflight_answer(self._cors, scope["method"], headers)):
            return preflight
        try:
            answer = await self._routed(scope, receive, headers, arrival)
        except RequestRefusedError as refused:
            answer = gateway_answer(refused.status, refused.message)
        return with_cors(self._cors, answer, headers.get("origin")) if self._cors else answer

    async def _routed(
        self, scope: Scope, receive: Receive, headers: Mapping[str, str], arrival: Arrival
    ) -> HttpAnswer:
        require_small_head(scope)
        matched = self._routes.match(scope["method"], scope["path"])
        if matched is None:
            return gateway_answer(404, "Not Found")
        body = await receive_body(headers, receive)
        return await self._integrate(matched, orjson.dumps(event_of(scope, body, matched, arrival)))

    async def _integrate(self, matched: Matched, payload: bytes) -> HttpAnswer:
        function = matched.route.function
        if matched.route.refused:
            logger.error("%s: %s", matched.route.key, matched.route.refused)
            return _INTERNAL
        invocation = asyncio.ensure_future(self._invoke(function, payload))
        # Neither a client that leaves nor a gateway that gives up stops a function: it runs to its end.
        self._running.add(invocation)
        invocation.add_done_callback(self._finished)
        await asyncio.wait({invocation}, timeout=min(matched.route.timeout_seconds, LONGEST_SECONDS))
        if not invocation.done():
            logger.warning("%s: %s has not answered in time", matched.route.key, function)
            return _UNAVAILABLE
        try:
            result = invocation.result()
        except TooManyRequestsError as error:
            logger.warning("%s: %s is throttled: %s", matched.route.key, function, error)
            return _UNAVAILABLE
        except RequestTooLargeError as error:
            raise too_large() from error
        except Exception:
            logger.exception("%s: %s cannot be invoked", matched.route.key, function)
            return _INTERNAL
        if result.failed:
            logger.error(
                "%s: %s failed: %s", matched.route.key, function, result.payload.decode(errors="replace")
            )
            return _INTERNAL
        try:
            return function_answer(result.payload)
        except MalformedAnswerError as error:
            logger.error("%s: the answer of %s is malformed: %s", matched.route.key, function, error)  # noqa: TRY400
            return _INTERNAL

    def _finished(self, invocation: asyncio.Task[Invocation]) -> None:
        self._running.discard(invocation)
        if not invocation.cancelled():
            invocation.exception()

    def _arrival(self) -> Arrival:
        now = self._clock()
        return Arrival(
            account_id=self._account_id,
            request_id=base64.b64encode(self._random_bytes(11)).decode(),
            trace_id=f"Root=1-{int(now.timestamp()):08x}-{self._random_bytes(12).hex()}",
            now=now,
        )


def _account_id(deployed: Deployed) -> str:
    """As it stands in the functions' ARNs: `arn:aws:lambda:REGION:ACCOUNT:function:NAME`."""
    for function in deployed.functions.values():
        return function.arn.split(":")[4]
    return ""


async def _send(answer: HttpAnswer, request_id: str, method: str, send: Send) -> None:
    headers = {**answer.headers, "apigw-requestid": request_id}
    stated = headers.pop("content-length", "")
    body = b"" if answer.status in _WITHOUT_BODY else answer.body
    if method == "HEAD":
        # Of what GET would send, only the function knows the length.
        headers |= {"content-length": stated} if stated.isdigit() else {}
    elif answer.status not in _WITHOUT_BODY:
        headers["content-length"] = str(len(body))
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    pairs += [(b"set-cookie", cookie.encode()) for cookie in answer.cookies]
    await send({"type": "http.response.start", "status": answer.status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
