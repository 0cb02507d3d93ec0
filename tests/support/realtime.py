"""The realtime part of the official Python client: each of its readers, reading, and what it saw."""

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

from spooled.realtime import (
    AsyncSSEClient,
    AsyncWebSocketClient,
    PingCommand,
    RealtimeEvent,
    SpooledRealtime,
    SpooledRealtimeOptions,
    SSEClient,
    SubscriptionFilter,
    WebSocketClient,
    WebSocketConnectionOptions,
)

from tests.support.wait import wait_until

PATIENCE_SECONDS = 60.0
BESIDES = {"queue.stats", "system.health", "ping"}
"""What may come between the events that a test is about."""
_FILTERS = ("queue", "job_id")
_READY = {"WebSocket connected", "Reconnected successfully"}
"""What those over a WebSocket remark once they have sent their subscriptions: `connected` is before that."""
Over = Literal["sse", "websocket"]


@contextmanager
def loop_in_a_thread() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop for the asynchronous readers, so that one test does for them and for the others."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@dataclass
class Watcher:
    """One of the client's readers: its events, states and remarks so far, and the end of its iteration."""

    name: str
    client: Any
    loop: asyncio.AbstractEventLoop
    said: list[str] = field(default_factory=list)
    given: list[RealtimeEvent] = field(default_factory=list)
    events: list[RealtimeEvent] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    end: Future[None] = field(default_factory=Future)

    def __post_init__(self) -> None:
        self.client.on_event(self.events.append)
        self.client.on_state_change(lambda state: self.states.append(state.value))

    def do(self, method: str, *arguments: Any, **named: Any) -> Any:
        """Call a method, which may be a coroutine."""
        result = getattr(self.client, method)(*arguments, **named)
        return self.run(result) if inspect.iscoroutine(result) else result

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE_SECONDS)

    @property
    def iterates(self) -> bool:
        """Whether it gives events to who iterates over it, and to nobody else."""
        return self.name in _ITERATE

    @property
    def comings(self) -> int:
        """How often it has come in, and asked for what it watches."""
        if self.name in OVER_WEBSOCKET:
            return sum(remark in _READY for remark in self.said)
        return self.states.count("connected")

    def told(self, count: int) -> list[RealtimeEvent]:
        """The first so many of `own`."""
        wait_until(lambda: len(self.own()) >= count)
        return self.own()[:count]

    def first(self, type_: str) -> RealtimeEvent:
        """The first event of a type."""
        wait_until(lambda: type_ in {event.type for event in self.events})
        return next(event for event in self.events if event.type == type_)

    def settled(self) -> None:
        """Once the service has done what was commanded; what reads server-sent events commands nothing."""
        if self.name not in OVER_WEBSOCKET:
            return
        before = self._pings()
        if hasattr(self.client, "ping"):
            self.do("ping")
        else:
            self.client._send_ws_command(PingCommand())
        wait_until(lambda: self._pings() > before)

    def iterate(self) -> None:
        """Take what it gives one by one, on a thread or in the loop, as those that can do nothing else."""
        given = self.client.events()
        if isinstance(given, AsyncIterator):
            self.end = asyncio.run_coroutine_threadsafe(self._take_in_loop(given), self.loop)
        else:
            self.end.set_running_or_notify_cancel()
            threading.Thread(target=partial(self._take, given), daemon=True).start()

    def _take(self, given: Iterator[RealtimeEvent]) -> None:
        try:
            self.given.extend(given)
        except Exception as error:  # noqa: BLE001 - a test looks at it
            self.end.set_exception(error)
        else:
            self.end.set_result(None)

    async def _take_in_loop(self, given: AsyncIterator[RealtimeEvent]) -> None:
        async for event in given:
            self.given.append(event)

    def own(self) -> list[RealtimeEvent]:
        """Those that a test is about."""
        return [event for event in self.events if event.type not in BESIDES]

    def _pings(self) -> int:
        return sum(event.type == "ping" for event in self.events)


def _socket_options(url: str, token: str, options: dict[str, Any]) -> WebSocketConnectionOptions:
    return WebSocketConnectionOptions(ws_url=url.replace("http", "ws", 1), token=token, **options)


def _unified(over: Over, url: str, token: str, options: dict[str, Any]) -> SpooledRealtime:
    return SpooledRealtime(SpooledRealtimeOptions(base_url=url, token=token, type=over, **options))


_MAKERS: dict[str, Callable[[str, str, dict[str, Any]], Any]] = {
    "SSEClient": lambda url, token, options: SSEClient(url, token, **options),
    "AsyncSSEClient": lambda url, token, options: AsyncSSEClient(url, token, **options),
    "SpooledRealtime of SSE": partial(_unified, "sse"),
    "WebSocketClient": lambda *where: WebSocketClient(_socket_options(*where)),
    "AsyncWebSocketClient": lambda *where: AsyncWebSocketClient(_socket_options(*where)),
    "SpooledRealtime of WebSocket": partial(_unified, "websocket"),
}
READERS = list(_MAKERS)
"""Each class, and the one that is either."""
OVER_SSE, OVER_WEBSOCKET = READERS[:3], READERS[3:]
_TAKE_A_FILTER = {"SSEClient", "AsyncSSEClient"}
_ITERATE = {"SSEClient", "AsyncSSEClient", "AsyncWebSocketClient"}


@contextmanager
def watching(
    name: str, loop: asyncio.AbstractEventLoop, url: str, token: str, **wanted: Any
) -> Iterator[Watcher]:
    """A reader that was let in; `wanted`: `queue`, `job_id`, and options. Raises what connecting raises."""
    options = {"reconnect_delay": 0.05, **wanted}
    which = {} if name in _TAKE_A_FILTER else {key: options.pop(key) for key in _FILTERS if key in options}
    said: list[str] = []
    if name in OVER_WEBSOCKET:
        options["debug"] = lambda remark, _data: said.append(remark)
    watcher = Watcher(name, _MAKERS[name](url, token, options), loop, said)
    if which:
        watcher.do("subscribe", SubscriptionFilter(**which))
    watcher.do("connect")
    try:
        if watcher.iterates:
            watcher.iterate()
        watcher.settled()
        yield watcher
    finally:
        watcher.end.cancel()
        watcher.do("close" if name in _TAKE_A_FILTER else "disconnect")


def queues(events: list[RealtimeEvent]) -> list[str]:
    return [event.data["queue_name"] for event in events]


def ended(watcher: Watcher) -> list[str]:
    """Its states, once it has closed for good."""
    wait_until(lambda: watcher.states[-1] == "disconnected")
    return watcher.states
