"""The functions composed into one ASGI application: locally all of them, in a Lambda just one."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.core import Core
from shared.edge.answer import Answer, error_answer
from shared.edge.cors import is_preflight, preflight_answer
from shared.edge.documentation import documentation_routes
from shared.edge.endpoint import Endpoint
from shared.edge.guards import GUARDS
from shared.edge.headers import read_headers
from shared.edge.respond import failed, request_id_of, respond
from shared.edge.routes import Routes
from shared.edge.sending import IS_HEAD, common_headers, send_answer
from shared.edge.static import console_by_folder
from shared.errors import MethodNotAllowedError, NotFoundError

if TYPE_CHECKING:
    from shared.edge.streaming.streaming import Streaming

_LAST_LOOK = timedelta(seconds=4)
"""What a wait leaves of an invocation: for a last look, and an answer."""


class Service:
    """Routes requests to functions. Each answers for itself; FastAPI writes the document, when it is read."""

    def __init__(
        self,
        endpoints: Iterable[Endpoint],
        open_core: Callable[[], Awaitable[Core]],
        streaming: "Streaming | None" = None,
    ) -> None:
        self._open_core = open_core
        self._core: Core | None = None
        self._opening = asyncio.Lock()
        self._streaming = streaming
        ordered = sorted(endpoints, key=lambda endpoint: endpoint.precedence)
        self._routes: Routes[ASGIApp] = Routes()
        for endpoint in ordered:
            self._routes.add(endpoint.method, endpoint.path, self._app(endpoint))
        streams: list[BaseRoute] = []
        if streaming is not None:
            streams = streaming.routes(self.core)
            ordered += streaming.endpoints
        others = [*streams, *documentation_routes(ordered), console_by_folder()]
        self._others = Router(others, redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket" and self._streaming is not None:
            self._begin(scope)
            await self._streaming.websocket(self.core, scope, receive, send)

    async def core(self) -> Core:
        """The services, opened at the first use."""
        if self._core is None:
            async with self._opening:
                if self._core is None:
                    self._core = await self._open_core()
        return self._core

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self
        headers = self._begin(scope)
        if is_preflight(scope, headers):
            await send_answer(preflight_answer(), scope, send)
            return
        if scope["method"] == "HEAD":
            scope, send = {**scope, "method": "GET", IS_HEAD: True}, _without_body(send)
        found = self._routes.find(scope["method"], scope["path"])
        if found is not None:
            app, scope["path_params"] = found
            await app(scope, receive, send)
            return
        try:
            await self._others(scope, receive, _with_common_headers(scope, send))
        except HTTPException:
            await send_answer(self._not_found(scope), scope, send)

    @staticmethod
    def _begin(scope: Scope) -> Mapping[str, str]:
        headers = read_headers(scope)
        scope["spooled.request_id"] = request_id_of(headers)
        return headers

    def _not_found(self, scope: Scope) -> Answer:
        allowed = self.allowed(scope["path"])
        if not allowed:
            return error_answer(NotFoundError("There is no such route."))
        answer = error_answer(MethodNotAllowedError())
        return Answer(answer.body, answer.status, {"allow": ", ".join(sorted(allowed))})

    def allowed(self, path: str) -> set[str]:
        """All methods of a path, which may be spread over several routes; none where nothing is served."""
        methods = self._routes.methods(path)
        scope = {"type": "http", "method": "", "path": path}
        for other in self._others.routes:
            if other.matches(scope)[0] is not Match.NONE:
                methods |= getattr(other, "methods", None) or set()
        return methods | {"HEAD"} if "GET" in methods else methods

    def _app(self, endpoint: Endpoint) -> ASGIApp:
        async def run(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                core = await self.core()
            except Exception as error:  # noqa: BLE001 - whatever it is, there is an answer
                await send_answer(failed(error, scope), scope, send)
                return
            core = _within_invocation(core, scope)
            answer = await respond(endpoint, core, scope, receive)
            await core.wakeups.outgoing.flush()
            if core.settings.validate_answers:
                from shared.edge.conformance import check_answer  # noqa: PLC0415 - tests only

                check_answer(endpoint, answer)
            core.tally.requests[endpoint.method, endpoint.path, answer.status or endpoint.status] += 1
            await send_answer(answer, scope, send, endpoint.status)

        return run

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self.core()
                await send({"type": "lifespan.startup.complete"})
            else:
                if self._core is not None:
                    await self._core.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


def _within_invocation(core: Core, scope: Scope) -> Core:
    """In a Lambda no wait may outlast the invocation, which may have begun with a slow start."""
    context = scope.get("aws.context")
    if context is None:
        return core
    remaining = timedelta(milliseconds=context.get_remaining_time_in_millis())
    return replace(core, waits_end_at=core.clock() + remaining - _LAST_LOOK)


def _with_common_headers(scope: Scope, send: Send) -> Send:
    """Documentation pages carry the request id, CORS headers and guards too."""
    common = [*common_headers(scope), *GUARDS]

    async def send_with_headers(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", []))  # type: ignore[call-overload]
            known = {name for name, _ in headers}
            message["headers"] = headers + [pair for pair in common if pair[0] not in known]
        await send(message)

    return send_with_headers  # type: ignore[return-value]


def _without_body(send: Send) -> Send:
    """HEAD: what GET would say, status and headers only."""

    async def send_without_body(message: Message) -> None:
        await send(message | {"body": b""} if message["type"] == "http.response.body" else message)  # type: ignore[operator]

    return send_without_body
