"""The life of a process that listens, once all it stands on is there."""

import gc
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.types import ASGIApp

from shared.core import Core
from shared.edge.process.ending import Ending
from shared.edge.process.http import claimed_http, serving_http, url_of
from shared.edge.process.port import address_of, claimed, grpc_port
from shared.edge.process.rpc import serving_rpc
from shared.edge.rpc import RpcMethod
from shared.settings import Settings

_MADE_BEFORE_A_LOOK = 10_000


@dataclass(frozen=True, slots=True)
class Listeners:
    """The claimed ports of HTTP and gRPC, and where each is reached from this machine."""

    http: socket.socket
    grpc: socket.socket
    url: str
    grpc_address: str


@contextmanager
def claimed_listeners(settings: Settings) -> Iterator[Listeners]:
    """Both ports, not listening yet. Raises StartError, which names the one that is taken."""
    with (
        claimed_http(settings) as http,
        claimed(settings.host, grpc_port(settings.grpc_port)) as grpc,
    ):
        yield Listeners(http, grpc, url_of(http, settings), address_of(grpc))


async def serve(
    core: Core,
    application: ASGIApp,
    methods: Iterable[RpcMethod],
    listeners: Listeners,
    ending: Ending,
    *,
    ready: Callable[[], None],
) -> None:
    """Serve both protocols until the process is asked to end; then gRPC drains, and HTTP ends after it.

    ready: called once calls are let in. Raises StartError when a port is taken after all.
    """
    with ending.told() as told:
        async with (
            serving_http(application, core.settings, listeners.http),
            serving_rpc(core, methods, listeners.grpc),
        ):
            _spare_the_collector()
            ready()
            await told.wait()


def _spare_the_collector() -> None:
    """What the start made stays for good: the garbage collector need not look through it again and again.

    And it looks less often, since a batch makes thousands of objects, hardly any of them in a circle.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_MADE_BEFORE_A_LOOK, 20, 20)
