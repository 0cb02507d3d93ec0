"""The Lambda Runtime API of one environment: how its process asks for events and answers them.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from localstack.lambdas.faults import EnvironmentFaultError, init_failed, response_too_large
from localstack.lambdas.http import Reply, Request
from localstack.lambdas.limits import RESPONSE_BYTES
from localstack.lambdas.model import Invocation

PREFIX = "/2018-06-01/runtime/"
ACCEPTED = Reply(HTTPStatus.ACCEPTED, b'{"status":"OK"}')


@dataclass(frozen=True, slots=True)
class Event:
    """One invocation on its way to the function."""

    request_id: str
    payload: bytes
    deadline_ms: int
    trace_id: str
    function_arn: str

    def reply(self) -> Reply:
        return Reply(
            HTTPStatus.OK,
            self.payload,
            (
                ("Lambda-Runtime-Aws-Request-Id", self.request_id),
                ("Lambda-Runtime-Deadline-Ms", str(self.deadline_ms)),
                ("Lambda-Runtime-Invoked-Function-Arn", self.function_arn),
                ("Lambda-Runtime-Trace-Id", self.trace_id),
            ),
        )


class RuntimeApi:
    """One event at a time. An invocation has ended when the process asks for the next one."""

    def __init__(self, fail: Callable[[EnvironmentFaultError], None]) -> None:
        self._fail = fail
        self._event: asyncio.Future[Event] | None = None
        self._request_id = ""
        self.answered: Invocation | None = None
        """What the process has answered to the last event, if it has."""
        self.waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done while the process waits for an event."""

    def deliver(self, event: Event) -> None:
        """Hand over an event; `waiting` is done again when it has been dealt with."""
        assert self._event is not None
        assert self.waiting.done()
        self._request_id, self.answered = event.request_id, None
        self.waiting = asyncio.get_running_loop().create_future()
        self._event.set_result(event)

    async def answer(self, request: Request) -> Reply:
        match request.method, *request.target.removeprefix(PREFIX).split("/"):
            case "GET", "invocation", "next":
                return await self._next()
            case "POST", "invocation", request_id, ("response" | "error") as what:
                return self._answer(request_id, request.body, failed=what == "error")
            case "POST", "init", "error":
                kind = request.headers.get("lambda-runtime-function-error-type", "Runtime.Unknown")
                self._fail(init_failed(request.body, kind))
                return ACCEPTED
        return Reply(HTTPStatus.NOT_FOUND, _refusal("InvalidRequest", "There is no such operation."))

    async def _next(self) -> Reply:
        self._event = asyncio.get_running_loop().create_future()
        if not self.waiting.done():
            self.waiting.set_result(None)
        return (await self._event).reply()

    def _answer(self, request_id: str, payload: bytes, *, failed: bool) -> Reply:
        if request_id != self._request_id or self.answered is not None:
            return Reply(
                HTTPStatus.BAD_REQUEST, _refusal("InvalidRequestID", "This invocation is not under way.")
            )
        if len(payload) > RESPONSE_BYTES:
            self._fail(response_too_large())
            return Reply(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                _refusal("Function.ResponseSizeTooLarge", "The response is over 6 MB."),
            )
        self.answered = Invocation(payload, failed)
        return ACCEPTED


def _refusal(kind: str, message: str) -> bytes:
    return f'{{"errorType":"{kind}","errorMessage":"{message}"}}'.encode()
