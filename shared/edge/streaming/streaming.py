"""The streams of a service: from a request to its reader."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from functools import partial

from starlette.routing import BaseRoute, Match, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.clock import Clock
from shared.core import Core
from shared.edge.answer import Answer, error_answer
from shared.edge.endpoint import Endpoint
from shared.edge.respond import failed
from shared.edge.sending import IS_HEAD, send_answer
from shared.edge.streaming.admission import Admission, admission
from shared.edge.streaming.declared import Stream
from shared.edge.streaming.line import Line
from shared.edge.streaming.reader import Reader
from shared.edge.streaming.readers import Readers
from shared.edge.streaming.server_sent import THE_END, EventLine
from shared.edge.streaming.socket import SocketLine
from shared.errors import NotFoundError, UnavailableError, UpgradeRequiredError
from shared.live import Watch

OpenedCore = Callable[[], Awaitable[Core]]
LineOf = Callable[[Clock], Line]


class Streaming:
    """Serves the declared streams for one service."""

    def __init__(self, streams: Iterable[Stream]) -> None:
        self._streams = list(streams)
        self._sockets = [
            (WebSocketRoute(stream.endpoint.path, _nothing), stream)
            for stream in self._streams
            if stream.over == "websocket"
        ]
        self._one_by_one = asyncio.Lock()
        self.readers = Readers()

    @property
    def endpoints(self) -> list[Endpoint]:
        """What the documentation says of them."""
        return [stream.endpoint for stream in self._streams]

    def routes(self, opened_core: OpenedCore) -> list[BaseRoute]:
        """Their HTTP routes; that of a WebSocket says what it is."""
        return [
            _plain_route(stream.endpoint.path, partial(self._events, stream, opened_core))
            if stream.over == "events"
            else _plain_route(stream.endpoint.path, _refuse_plain)
            for stream in self._streams
        ]

    async def websocket(self, opened_core: OpenedCore, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a WebSocket, or refuse the upgrade with an ordinary answer."""
        await receive()  # that somebody wants to connect
        refuse = _refusing(send)
        for route, stream in self._sockets:
            match, found = route.matches(scope)
            if match is Match.FULL:
                scope.update(found)
                line_of = partial(SocketLine, scope, receive, send)
                await self._read(stream, opened_core, line_of, scope, refuse)
                return
        await send_answer(error_answer(NotFoundError("There is no such route.")), scope, refuse)

    async def _events(
        self, stream: Stream, opened_core: OpenedCore, scope: Scope, receive: Receive, send: Send
    ) -> None:
        await self._read(stream, opened_core, partial(EventLine, scope, receive, send), scope, send)

    async def _read(
        self, stream: Stream, opened_core: OpenedCore, line_of: LineOf, scope: Scope, send: Send
    ) -> None:
        """`send` takes an answer in place of a stream."""
        endpoint, request_id = stream.endpoint, scope["spooled.request_id"]
        async with AsyncExitStack() as entered:
            try:
                core = await opened_core()
                admitted = await admission(endpoint, core, scope, self._one_by_one)
                if admitted.after == THE_END and endpoint.also:
                    await send_answer(Answer(status=204), scope, send)
                    return
                line = line_of(core.clock)
                if IS_HEAD in scope:
                    await line.open("")
                    await line.close(None, is_over=False)
                    return
                watch = await _watch(core, admitted, entered)
            except Exception as error:  # noqa: BLE001 - whatever it is, there is an answer
                await send_answer(failed(error, scope), scope, send)
                return
            core.tally.requests[endpoint.method, endpoint.path, endpoint.status] += 1
            reader = Reader(line, watch, admitted, request_id)
            with self.readers.has(reader, core.clock):
                await reader.read()


async def _watch(core: Core, admitted: Admission, entered: AsyncExitStack) -> Watch:
    if core.hub is None:
        raise UnavailableError("This process has no live events.")
    watch = await entered.enter_async_context(core.hub.watching(admitted.caller.org_id))
    if core.key_cache.changes != admitted.changes:
        # Nobody was told that a key was changed before the watch stood.
        await admitted.admit_again()
    return watch


def _plain_route(path: str, serve: ASGIApp) -> Route:
    route = Route(path, _nothing, methods=["GET"])
    route.app = serve
    return route


async def _nothing() -> None: ...


async def _refuse_plain(scope: Scope, _receive: Receive, send: Send) -> None:
    answer = error_answer(UpgradeRequiredError())
    await send_answer(Answer(answer.body, answer.status, {"upgrade": "websocket"}), scope, send)


def _refusing(send: Send) -> Send:
    """What an answer is called that refuses an upgrade."""

    async def send_refusal(message: Message) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    return send_refusal
