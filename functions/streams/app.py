"""All streams and gRPC methods, found by import, for the long-lived service and the documentation."""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import functions.streams
from functions.streams import queue_service, worker_service
from shared.edge.rpc import RpcMethod
from shared.edge.streaming import Stream

_NO_PAGES = {"__main__", "app"}


def every_stream() -> list[Stream]:
    """The streams of all files in this folder, fixed paths first."""
    pages = _pages(functions.streams)
    streams = [value for page in pages for value in vars(page).values() if isinstance(value, Stream)]
    return sorted(streams, key=lambda stream: stream.endpoint.precedence)


def every_method() -> list[RpcMethod]:
    """The gRPC methods of all files in the folders of the services."""
    pages = [page for service in (queue_service, worker_service) for page in _pages(service)]
    return [value for page in pages for value in vars(page).values() if isinstance(value, RpcMethod)]


def _pages(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if not found.ispkg and found.name.rpartition(".")[2] not in _NO_PAGES:
            yield importlib.import_module(found.name)
