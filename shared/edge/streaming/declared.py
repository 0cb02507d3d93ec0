"""Stream declarations: what a file under `functions/streams/` says about itself."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

from shared.edge.endpoint import Endpoint, Function, route

Over = Literal["events", "websocket"]
EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Stream:
    """One address at which events are read: what the documentation says of it, and how they travel."""

    endpoint: Endpoint
    over: Over


def stream(
    path: str, *, scope: str, over: Over = "events", ends: bool = False
) -> Callable[[Function], Stream]:
    """Declare a function as a stream of live events.

    scope: the permission word it takes.
    over: `events` are server-sent events, `websocket` is what it says.
    ends: it comes to an end by itself, and who comes back after it is answered 204.

    The function takes `call: Call`, its path parameters as strings, and `query` by its model; it gives what
    its reader is to see.
    """

    def declare(function: Function) -> Stream:
        is_socket = over == "websocket"
        endpoint = route(
            "GET",
            path,
            scope=scope,
            status=HTTPStatus.SWITCHING_PROTOCOLS if is_socket else HTTPStatus.OK,
            also=(HTTPStatus.NO_CONTENT,) if ends else (),
            errors=(HTTPStatus.UPGRADE_REQUIRED,) if is_socket else (),
            media_type="application/json" if is_socket else EVENT_STREAM,
            proof=("queryToken",),
        )(function)
        return Stream(endpoint, over)

    return declare
